import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Max files recorded; `colloquy dev` does not watch further ones. */
const FILES_MAX = 5_000

/** The files that this process imports or tries to import. A missing file counts too, because the author may write it later. */
export interface LoadedFiles {
  list(): string[]
}

/** Records imports from now on, except those of installed packages. */
export function recordLoadedFiles(): LoadedFiles {
  const files = new Set<string>()
  const note = (url: string): void => {
    if (!url.startsWith('file:') || files.size >= FILES_MAX) return
    const file = fileURLToPath(url.replace(/[?#].*$/, ''))
    if (!/[\\/]node_modules[\\/]/.test(file)) files.add(file)
  }
  registerHooks({
    resolve(specifier, context, next) {
      if (/^(\.|\/|file:)/.test(specifier) && URL.canParse(specifier, context.parentURL)) note(new URL(specifier, context.parentURL).href)
      return next(specifier, context)
    },
    load(url, context, next) {
      note(url)
      return next(url, context)
    },
  })
  return { list: () => [...files] }
}
