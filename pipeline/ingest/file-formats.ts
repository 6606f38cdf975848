import { basename, extname } from 'node:path'
import type { Format } from './chunking/chunk-document.ts'

/** How a file is read: as a document of a format, or as lines of which each is a document. */
export type FileFormat = Format | 'lines'

const EXTENSIONS: Readonly<Record<FileFormat, string>> = {
  markdown: 'md markdown mdown mdx',
  text: 'txt text rst adoc asciidoc org tex log srt vtt',
  html: 'html htm xhtml',
  csv: 'csv tsv',
  lines: 'jsonl ndjson',
  code: `js mjs cjs jsx ts mts cts tsx py pyi rb go rs java kt kts scala swift c h cc cpp cxx hpp hh cs fs php pl pm lua r jl dart ex exs erl hs ml mli clj cljs
    sh bash zsh fish ps1 bat sql graphql proto tf hcl nix vue svelte css scss less yaml yml toml ini conf json json5 xml gradle groovy m mm zig nim v sol`,
}
const FORMATS: ReadonlyMap<string, FileFormat> = new Map((Object.keys(EXTENSIONS) as FileFormat[])
  .flatMap((format) => EXTENSIONS[format].split(/\s+/).map((extension) => [extension, format] as const)))
/** Files without an extension that people write text in. */
const NAMES: ReadonlyMap<string, FileFormat> = new Map([
  ['readme', 'text'], ['license', 'text'], ['changelog', 'text'], ['authors', 'text'], ['notice', 'text'], ['makefile', 'code'], ['dockerfile', 'code'],
])

/** By the name of a file, a `.gz` at its end not counted; `undefined` where it tells nothing. */
export function formatOf(path: string): FileFormat | undefined {
  const name = basename(path).toLowerCase().replace(/\.gz$/, '')
  return FORMATS.get(extname(name).slice(1)) ?? NAMES.get(name)
}
