import { opendir, stat } from 'node:fs/promises'
import { basename, extname, join, normalize, sep } from 'node:path'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { Format } from './chunking/chunk-document.ts'

/** How to read a file: as one document of a format, or as lines with one document each. */
export type FileFormat = Format | 'lines'

const EXTENSIONS: Readonly<Record<FileFormat, string>> = {
  markdown: 'md markdown mdown mdx',
  text: 'txt text rst adoc asciidoc org tex log srt vtt',
  html: 'html htm xhtml',
  csv: 'csv tsv',
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
  /** The source name: the normalised path with `/`, relative if it was passed so. */
  readonly source: string
  readonly format: FileFormat
  readonly bytes: number
}

/** Folders that are skipped inside a folder. */
const SKIPPED = new Set(['node_modules', '__pycache__'])

/**
 * Yields the files at the given paths. For a folder it yields the files inside, recursively and sorted by name. Inside a folder it skips
 * hidden files, `node_modules`, `__pycache__`, links and files of unknown format. A given path of a file with an unknown format is read as
 * text.
 *
 * @throws ColloquyError `no_such_path` for a path that cannot be read.
 */
export async function* findFiles(paths: readonly string[]): AsyncGenerator<FoundFile> {
  for (const listed of paths) {
    const path = normalize(listed)
    const stats = await stat(path).catch((cause: unknown) => {
      throw new ColloquyError('no_such_path', `${listed} cannot be read: ${messageOf(cause)}`, { cause })
    })
    if (stats.isDirectory()) yield* filesIn(path)
    else if (stats.isFile()) yield fileAt(path, formatOf(path) ?? 'text', stats.size)
    else throw new ColloquyError('no_such_path', `${listed} is neither a file nor a folder`)
  }
}

async function* filesIn(folder: string): AsyncGenerator<FoundFile> {
  const names: { name: string; isFolder: boolean }[] = []
  for await (const entry of await opendir(folder)) {
    if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue
    if (entry.isDirectory() || entry.isFile()) names.push({ name: entry.name, isFolder: entry.isDirectory() })
  }
  for (const { name, isFolder } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, name)
    if (isFolder) yield* filesIn(path)
    else {
      const format = formatOf(name)
      if (format !== undefined) yield fileAt(path, format, (await stat(path)).size)
    }
  }
}

const fileAt = (path: string, format: FileFormat, bytes: number): FoundFile => ({ path, source: sourceOf(path), format, bytes })

/** The source name of a file. */
export const sourceOf = (path: string): string => normalize(path).split(sep).join('/')

/** The format by the name of a file, ignoring `.gz` at its end; `undefined` if it is unknown. */
function formatOf(path: string): FileFormat | undefined {
  const name = basename(path).toLowerCase().replace(/\.gz$/, '')
  return FORMATS.get(extname(name).slice(1)) ?? NAMES.get(name)
}
