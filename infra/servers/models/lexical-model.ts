import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'
import { LEXICAL_DIMENSION, LEXICAL_TOKENS_MAX, lexicalFiles, lexicalRevision } from './lexical/lexical-files.ts'
import { measureFile, writeWhole } from './lock-file.ts'

/** A character costs far less than a token of a network, so a batch holds many texts. */
const BATCH_TOKENS_MAX = 8_192

/**
 * The built-in model. Its files are generated in the cache folder at first use, and again where they are damaged. Any number of processes
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
