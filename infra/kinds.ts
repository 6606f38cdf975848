/**
 * `colloquy/kinds`: the built-in kinds. Without a `colloquy.config.ts` Colloquy runs all of them; with one, those that it exports:
 *
 *     export default [refund, createSupport({ articles: loadArticles() }), createReminder({ name: 'appointment' })]
 *
 * Each takes a name, so that it collides with no kind of yours.
 */
import { createDocumentKind, type DocumentKindOptions } from '../actors/kinds/document/kind.ts'
import { createTriggerKind } from '../actors/kinds/trigger/trigger-kind.ts'
import { createDocumentMaker } from '../pipeline/documents/document-maker.ts'
import { type AlertChannelsOptions, createAlertChannels } from '../pipeline/hooks/alert-channels.ts'

export { authorKind } from '../actors/kinds/author/author-kind.ts'
export { type ChatForm } from '../actors/kinds/chat/forms.ts'
export { type ChatOptions, createChat } from '../actors/kinds/chat/kind.ts'
export { type ChatTool } from '../actors/kinds/chat/tools.ts'
export { createDesk, type DeskOptions } from '../actors/kinds/desk/desk-kind.ts'
export { createFront, type FrontOptions } from '../actors/kinds/front/kind.ts'
export { type Item, loadCatalogue } from '../actors/kinds/interest/catalogue.ts'
export { createInterest, type InterestOptions } from '../actors/kinds/interest/kind.ts'
export { createItem, type ItemOptions } from '../actors/kinds/item/kind.ts'
export { postKind } from '../actors/kinds/post/post-kind.ts'
export { createProfile, type ProfileOptions } from '../actors/kinds/profile/profile-kind.ts'
export { createQuestion, type QuestionOptions } from '../actors/kinds/question/kind.ts'
export { createReminder, type ReminderOptions } from '../actors/kinds/reminder/kind.ts'
export { seriesKind } from '../actors/kinds/series/series-kind.ts'
export { strategyKind } from '../actors/kinds/strategy/strategy-kind.ts'
export { createSupport, type SupportOptions } from '../actors/kinds/support/kind.ts'
export { type Article, loadArticles, parseArticles } from '../actors/kinds/support/knowledge.ts'
export { createTemplate, type TemplateOptions } from '../actors/kinds/template/kind.ts'
export { topicKind } from '../actors/kinds/topic/topic-kind.ts'
export { topicsKind } from '../actors/kinds/topic/topics-kind.ts'
export { createTrade, type TradeOptions } from '../actors/kinds/trade/kind.ts'
export { createTranslation, type TranslationOptions } from '../actors/kinds/translation/translation-kind.ts'
export { createWriter, type WriterOptions } from '../actors/kinds/writer/writer-kind.ts'
export type { AlertChannelsOptions } from '../pipeline/hooks/alert-channels.ts'

/** Options of the kind `trigger`. */
export interface TriggerOptions extends AlertChannelsOptions {
  /** Name of the kind. Default: `trigger`. */
  readonly name?: string
}

/** Creates the kind `trigger`, which watches a series of the kind `series` and raises alerts. */
export const createTrigger = ({ name, ...channels }: TriggerOptions = {}) =>
  createTriggerKind({ name, channels: createAlertChannels(channels) })

/** Options of the kind `document`. */
export type DocumentOptions = Omit<DocumentKindOptions, 'make'>

/** Creates the kind `document`: a template of the kind `template`, filled with data. */
export const createDocument = (options: DocumentOptions = {}) => createDocumentKind({ ...options, make: createDocumentMaker() })
export type { Strategy } from '../schemas/recommendation-query.ts'
