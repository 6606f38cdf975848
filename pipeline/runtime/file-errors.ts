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

/** The error of a file, with its path. */
export function namedFileError(path: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined || messageOf(error).includes(path)) return error
  return new ForeignCodeError(code, `${path}: ${messageOf(error)}`, { cause: error })
}
