import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The file of a module that lies beside the one at `url`, for a process or thread of its own: compiled if that one is. */
export const workerEntry = (url: string, name: string): string => fileURLToPath(new URL(`${name}${extname(url)}`, url))
