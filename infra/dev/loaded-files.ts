import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Files of this process's modules that are watched; one that imports more is odd enough to be told to its author. */
const FILES_MAX = 5_000

/** What this process imports from now on, and tries to: a file that is not there yet may be written. */
export interface LoadedFiles {
  list(): string[]
}

/** Installed packages do not change under one's hands, and are left out. */
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
