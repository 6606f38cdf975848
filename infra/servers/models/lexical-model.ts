import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'
import { LEXICAL_DIMENSION, LEXICAL_TOKENS_MAX, lexicalFiles, lexicalRevision } from './lexical/lexical-files.ts'
import { measureFile, writeWhole } from './lock-file.ts'

/** Large, because a character costs far less time than a token of a neural network. */
const BATCH_TOKENS_MAX = 8_192

/**
 * The built-in model. The first use generates its files in the cache folder; a later use replaces damaged ones. Any number of processes
 * may do so at once: each file appears whole, and all processes generate the same bytes.
 */
export async function obtainLexicalModel(cacheDir: string, log: Logger): Promise<EmbedModel> {
  const files = lexicalFiles()
  const revision = lexicalRevision(files)
  const folder = join(cacheDir, 'models', 'built-in', `lexical-${revision.slice(0, 12)}`)
  for (const [path, content] of files) {
    const file = join(folder, path)
    const there = await measureFile(file)
    if (there?.sha256 === hash('sha256', content)) continue
    await writeWhole(file, content)
    log.debug({ file }, there === undefined ? 'generated a file of the built-in model' : 'replaced a damaged file of the built-in model')
  }
  return {
    name: 'lexical',
    kind: 'lexical',
    folder,
    revision,
    dtype: 'fp32',
    pooling: 'none',
    prefixes: { query: '', passage: '' },
    dimension: LEXICAL_DIMENSION,
    tokensMax: LEXICAL_TOKENS_MAX,
    batchTokensMax: BATCH_TOKENS_MAX,
  }
}
