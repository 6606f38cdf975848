import type { TaskRecommending } from '../definition/task-recommending.ts'
import { indexOf } from '../recommending/item-index.ts'
import { recommendFrom } from '../recommending/recommend.ts'

/**
 * `recommend` and `vectorOf` for a test that calls the `run` of a task itself: recommendations from the catalogue of the query, as for a
 * tenant without any events, and no vectors, as with the built-in embedding model.
 */
export const recommendsFromCatalogue = (): TaskRecommending => ({
  recommend: async (query) => recommendFrom(indexOf(query.catalogue), query),
  vectorOf: async () => ({ fingerprint: null }),
})
