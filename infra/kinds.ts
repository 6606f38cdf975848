/**
 * `colloquy/kinds`: the built-in kinds. Without a `colloquy.config.ts` Colloquy runs all of them; with one, those that it exports:
 *
 *     export default [refund, createSupport({ articles: loadArticles() }), createReminder({ name: 'appointment' })]
 *
 * Each takes a name, so that it collides with no kind of yours.
 */
export { createFront, type FrontOptions } from '../actors/kinds/front/kind.ts'
export { type Item, loadCatalogue } from '../actors/kinds/interest/catalogue.ts'
export { createInterest, type InterestOptions } from '../actors/kinds/interest/kind.ts'
export { createItem, type ItemOptions } from '../actors/kinds/item/kind.ts'
export { createQuestion, type QuestionOptions } from '../actors/kinds/question/kind.ts'
export { createReminder, type ReminderOptions } from '../actors/kinds/reminder/kind.ts'
export { createSupport, type SupportOptions } from '../actors/kinds/support/kind.ts'
export { type Article, loadArticles, parseArticles } from '../actors/kinds/support/knowledge.ts'
export type { Strategy } from '../schemas/recommendation-query.ts'
