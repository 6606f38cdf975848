import { codeOf, ForeignCodeError, messageOf } from '../../schemas/errors.ts'

/**
 * Waits for work on a file. An error keeps its code and names the path: Node names it where a file is opened, and not where it is read or
 * written (EISDIR, ENOSPC, EIO).
 */
export async function namingFile<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw namedFileError(path, error)
  }
}

/** Why a file cannot be read or written, without its path, which Node writes into its messages and a caller names itself. */
export function fileProblem(error: unknown): string {
  const words = WORDS[codeOf(error) ?? '']
  return words ?? messageOf(error).replace(/, \w+ '[^']*'$/, '')
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  ELOOP: 'its links form a loop',
  ENAMETOOLONG: 'its path is too long',
}

/** The error of a file, with its path. */
export function namedFileError(path: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined || messageOf(error).includes(path)) return error
  return new ForeignCodeError(code, `${path}: ${messageOf(error)}`, { cause: error })
}
