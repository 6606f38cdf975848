import type { TaskRecommending } from '../definition/task-recommending.ts'
import type { TaskTopics } from '../definition/task-topics.ts'
import { indexOf } from '../recommending/item-index.ts'
import { recommendFrom } from '../recommending/recommend.ts'

/**
 * `recommend`, `vectorOf` and `topicFor` for a test that calls the `run` of a task itself: recommendations from the catalogue of the query,
 * as for a tenant without any events, and no vectors, as with the built-in embedding model. Each text has a topic of its own.
 */
export const recommendsFromCatalogue = (): TaskRecommending & TaskTopics => ({
  recommend: async (query) => recommendFrom(indexOf(query.catalogue), query),
  vectorOf: async () => ({ fingerprint: null }),
  topicFor: async (_, newTopic) => newTopic,
})
