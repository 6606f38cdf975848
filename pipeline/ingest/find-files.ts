import { opendir, stat } from 'node:fs/promises'
import { join, normalize, sep } from 'node:path'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { formatOf, type FileFormat } from './file-formats.ts'

export interface FoundFile {
  readonly path: string
  /** What its source is called: the path as it was given, with `/`, and without `./` and `..` where they can be resolved. */
  readonly source: string
  readonly format: FileFormat
  readonly bytes: number
}

/** Of a folder: what is never meant when it is given. */
const PASSED_OVER = new Set(['node_modules', '__pycache__'])

/**
 * The files of paths, those of folders by their names and in all folders below. In a folder, hidden files, `node_modules` and files whose name tells no format are passed over, and
 * links are not followed; a file that is given itself is text where its name tells nothing.
 *
 * @throws ColloquyError `no_such_path`
 */
export async function* findFiles(paths: readonly string[]): AsyncGenerator<FoundFile> {
  for (const given of paths) {
    const path = normalize(given)
    const stats = await stat(path).catch((cause: unknown) => {
      throw new ColloquyError('no_such_path', `${given} cannot be read: ${messageOf(cause)}`, { cause })
    })
    if (stats.isDirectory()) yield* filesIn(path)
    else if (stats.isFile()) yield found(path, formatOf(path) ?? 'text', stats.size)
    else throw new ColloquyError('no_such_path', `${given} is neither a file nor a folder`)
  }
}

async function* filesIn(folder: string): AsyncGenerator<FoundFile> {
  const names: { name: string; isFolder: boolean }[] = []
  for await (const entry of await opendir(folder)) {
    if (entry.name.startsWith('.') || PASSED_OVER.has(entry.name)) continue
    if (entry.isDirectory() || entry.isFile()) names.push({ name: entry.name, isFolder: entry.isDirectory() })
  }
  for (const { name, isFolder } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, name)
    if (isFolder) yield* filesIn(path)
    else {
      const format = formatOf(name)
      if (format !== undefined) yield found(path, format, (await stat(path)).size)
    }
  }
}

const found = (path: string, format: FileFormat, bytes: number): FoundFile => ({ path, source: sourceOf(path), format, bytes })

/** What a file is called as a source. */
export const sourceOf = (path: string): string => normalize(path).split(sep).join('/')
