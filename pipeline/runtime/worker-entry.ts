import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The file of a module next to `url` that a new process or thread runs: the compiled one when `url` is compiled. */
export const workerEntry = (url: string, name: string): string => fileURLToPath(new URL(`${name}${extname(url)}`, url))
