import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'
import { LEXICAL_DIMENSION, LEXICAL_TOKENS_MAX, lexicalFiles, lexicalRevision } from './lexical/lexical-files.ts'
import { measureFile, writeWhole } from './lock-file.ts'

/** Its characters cost nothing like the tokens of a network: many texts go into one run. */
const BATCH_TOKENS_MAX = 8_192

/**
 * The built-in model. Its files are made in the cache folder at first use, and again where they are damaged; any number of processes may do
 * so at the same time, since each file appears whole and all make the same.
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
    log.debug({ file }, there === undefined ? 'made a file of the built-in model' : 'a damaged file of the built-in model was made again')
  }
  return {
    name: 'lexical', kind: 'lexical', folder, revision, dtype: 'fp32', pooling: 'none', prefixes: { query: '', passage: '' },
    dimension: LEXICAL_DIMENSION, tokensMax: LEXICAL_TOKENS_MAX, batchTokensMax: BATCH_TOKENS_MAX,
  }
}
