import { lstat, opendir, stat } from 'node:fs/promises'
import { basename, extname, join, normalize, sep } from 'node:path'
import { ColloquyError } from '../../schemas/errors.ts'
import { fileProblem } from '../runtime/file-errors.ts'
import type { Format } from './chunking/chunk-document.ts'

/** How to read a file with one document. */
export type DocumentFormat = Format | 'pdf' | 'docx' | 'notebook'
/** How to read a file: as one document, or as lines with one document each. */
export type FileFormat = DocumentFormat | 'lines'

const EXTENSIONS: Readonly<Record<FileFormat, string>> = {
  markdown: 'md markdown mdown mdx',
  text: 'txt text rst adoc asciidoc org tex log srt vtt',
  html: 'html htm xhtml',
  csv: 'csv tsv',
  pdf: 'pdf',
  docx: 'docx',
  notebook: 'ipynb',
  lines: 'jsonl ndjson',
  code: `js mjs cjs jsx ts mts cts tsx py pyi rb go rs java kt kts scala swift c h cc cpp cxx hpp hh cs fs php pl pm lua r jl dart ex exs
    erl hs ml mli clj cljs sh bash zsh fish ps1 bat sql graphql proto tf hcl nix vue svelte css scss less yaml yml toml ini conf json
    json5 xml gradle groovy m mm zig nim v sol`,
}
const FORMATS: ReadonlyMap<string, FileFormat> = new Map(
  (Object.keys(EXTENSIONS) as FileFormat[]).flatMap((format) =>
    EXTENSIONS[format].split(/\s+/).map((extension) => [extension, format] as const),
  ),
)
/** Formats of common files without an extension. */
const NAMES: ReadonlyMap<string, FileFormat> = new Map([
  ['readme', 'text'],
  ['license', 'text'],
  ['changelog', 'text'],
  ['authors', 'text'],
  ['notice', 'text'],
  ['makefile', 'code'],
  ['dockerfile', 'code'],
])

/** A file to read. */
export interface FoundFile {
  readonly path: string
  /** The source name: the normalised path with `/`, in NFC, relative if it was passed so. */
  readonly source: string
  readonly format: FileFormat
  readonly bytes: number
}

/** A path that is left out. */
export interface LeftOutFile {
  readonly path: string
  /** Why a file is not learned that nobody asked for, such as a picture in a folder. */
  readonly skipped?: string
  /** Why a path cannot be read. */
  readonly problem?: string
}

export type Found = FoundFile | LeftOutFile

/** Folders that are skipped inside a folder. */
const SKIPPED = new Set(['node_modules', '__pycache__'])

/**
 * Yields the files at the given paths. For a folder it yields the files inside, recursively and sorted by name, except hidden files,
 * `node_modules` and `__pycache__`. Inside a folder, links and files of unknown format are yielded as skipped; a loop of links thus ends.
 * A given path of a file with an unknown format is read as text. What cannot be read is yielded as a problem.
 *
 * @throws ColloquyError `no_such_path` for a given path that does not exist.
 */
export async function* findFiles(paths: readonly string[]): AsyncGenerator<Found> {
  for (const listed of paths) {
    const path = normalize(listed)
    await lstat(path).catch((cause: unknown) => {
      throw new ColloquyError('no_such_path', `${listed} cannot be read: ${fileProblem(cause)}`, { cause })
    })
    yield* filesAt(path, 'text')
  }
}

/** @param unknownFormat format of a file whose name tells none; `undefined`: it is skipped */
async function* filesAt(path: string, unknownFormat: FileFormat | undefined): AsyncGenerator<Found> {
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) yield* filesIn(path)
    else if (!stats.isFile()) yield { path, problem: 'it is neither a file nor a folder' }
    else {
      const format = formatOf(path) ?? unknownFormat
      if (format === undefined) yield { path, skipped: 'no text of a known type' }
      else yield { path, source: sourceOf(path), format, bytes: stats.size }
    }
  } catch (error) {
    yield { path, problem: `it cannot be read: ${fileProblem(error)}` }
  }
}

async function* filesIn(folder: string): AsyncGenerator<Found> {
  const names: { name: string; isKnown: boolean; isLink: boolean }[] = []
  for await (const entry of await opendir(folder)) {
    if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue
    names.push({ name: entry.name, isKnown: entry.isDirectory() || entry.isFile(), isLink: entry.isSymbolicLink() })
  }
  for (const { name, isKnown, isLink } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, name)
    if (isKnown) yield* filesAt(path, undefined)
    else yield { path, skipped: isLink ? 'a link' : 'neither a file nor a folder' }
  }
}

/** The source name of a file. macOS and other systems write the same accents differently; the name has them in NFC. */
export const sourceOf = (path: string): string => normalize(path).split(sep).join('/').normalize('NFC')

/** The format by the name of a file, ignoring `.gz` at its end; `undefined` if it is unknown. */
function formatOf(path: string): FileFormat | undefined {
  const name = basename(path).toLowerCase().replace(/\.gz$/, '')
  return FORMATS.get(extname(name).slice(1)) ?? NAMES.get(name)
}
