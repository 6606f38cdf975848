/**
 * `colloquy`: what a module that defines kinds imports. `colloquy/test` is the test kit.
 *
 * A `colloquy.config.ts` exports its kinds by default, and they are all there are but for `source`, which holds knowledge; the built-in ones are taken in like any other:
 *
 *     export default [refund, createSupport({ articles: loadArticles() }), reminderKind, createInterest(loadCatalogue())]
 */
export {
  defineKind, defineTask, type Kind, type KindOptions, type Label, type MachineEvent, type Migration, type Migrations,
  type OldState, type TaskCall, type TaskDefinition,
} from '../actors/kind.ts'
export { REFUSAL_CODES, type RefusalCode } from '../actors/definition/refusal.ts'
export type { MemoryHit, MemoryQuestion, TaskMemory } from '../actors/task-memory.ts'
export { upcaster, type Upcaster, type Upcasters } from '../actors/upcast.ts'
export { send, type SendAction, type Sending } from '../actors/send.ts'
export { createProducer, publish, type Producer, type Publication, type PublishOptions, type Receipt } from '../pipeline/produce/publish.ts'
export { InputRefusedError, NotAcknowledgedError, WaitTimeoutError } from '../pipeline/produce/errors.ts'
export { ColloquyError, RetryLaterError, TerminalError } from '../schemas/errors.ts'
export { KNOWN_EMITS, KNOWN_INPUTS } from '../schemas/events.ts'
export { LIMITS } from '../schemas/limits.ts'

export { createInterest } from '../actors/interest/kind.ts'
export { loadCatalogue, type Item } from '../actors/interest/catalogue.ts'
export { reminderKind } from '../actors/reminder.ts'
export { createSupport, type SupportOptions } from '../actors/support/kind.ts'
export { loadArticles, parseArticles, type Article } from '../actors/support/knowledge.ts'
export type { ModelOptions } from '../actors/support/model.ts'

export { createSearchClient, type Search, type SearchAnswer, type SearchClientOptions, type SearchHit, type SearchRequest } from './search/client.ts'
