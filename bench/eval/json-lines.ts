import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { z } from 'zod'

const unzipped = promisify(gunzip)

/** The lines of a JSON-lines file, which may be zipped. */
export async function readLines<T>(file: string | URL, schema: z.ZodType<T>): Promise<T[]> {
  const bytes = await readFile(file)
  const text = (String(file).endsWith('.gz') ? await unzipped(bytes) : bytes).toString('utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => schema.parse(JSON.parse(line)))
}
