import type { LocalEmbedder } from '../embedding/embedder.ts'
import type { TermCutter } from './term-cutter.ts'

/**
 * The embedder of a collection. A model that matches words gets the texts as the cutter folds them, so that it matches the same words as
 * keyword search; any other gets them as they are.
 */
export function foldingEmbedder(embedder: LocalEmbedder, { fold }: Pick<TermCutter, 'fold'>): LocalEmbedder {
  if (embedder.kind !== 'lexical') return embedder
  return {
    ...embedder,
    embed: (texts, as) => embedder.embed(texts.map(fold), as),
    embedEach: (texts, as) => embedder.embedEach(texts.map(fold), as),
  }
}
