/**
 * The package `colloquy`: a module that defines kinds imports from here. `colloquy/kinds` has the built-in kinds, `colloquy/test` the test
 * kit.
 *
 * A `colloquy.config.ts` exports its kinds as an array by default. Colloquy runs these kinds and those that hold what tenants set and teach
 * (`source`, `tenant`, `intents`, `intent`, `prompt`, `schedule`) and `canary`, and no others.
 */
import type { TaskSearchHit, TaskSearchIndex, TaskSearchQuery } from '../actors/definition/task-search.ts'
import { type Item, loadCatalogue } from '../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../actors/kinds/interest/kind.ts'
import { createReminder } from '../actors/kinds/reminder/kind.ts'
import { createSupport, type SupportOptions } from '../actors/kinds/support/kind.ts'
import { type Article, loadArticles, parseArticles } from '../actors/kinds/support/knowledge.ts'

export {
  type Calendar,
  type ChildKinds,
  defineKind,
  defineTask,
  everyDue,
  type Kind,
  type KindOptions,
  type Label,
  type MachineEvent,
  type Migration,
  type Migrations,
  type Missed,
  type OldState,
  type TaskCall,
  type TaskDefinition,
  type TaskRetry,
} from '../actors/definition/define-kind.ts'
export { type Upcaster, upcaster, type Upcasters } from '../actors/definition/earlier-versions.ts'
export { kindFromMachine, kindsFromMachine, type MachineOptions } from '../actors/definition/kind-from-machine.ts'
export { REFUSAL_CODES, type RefusalCode } from '../actors/definition/refusal.ts'
export { type KindSetup, saga, type SagaEnds, type SagaStates, type SagaStep, type SagaTask } from '../actors/definition/saga.ts'
export { send, type SendAction, type Sending, type SendingOptions } from '../actors/definition/send-action.ts'
export type { FanOut, TaskFanOut } from '../actors/definition/task-fan-out.ts'
export type {
  AnsweredCall,
  AnsweringModel,
  FailedGeneration,
  Generated,
  GenerationAttempt,
  GenerationCall,
  GenerationMessage,
  GenerationQuery,
  GenerationStream,
  GenerationTool,
  TaskGeneration,
} from '../actors/definition/task-generation.ts'
export type { TaskLive } from '../actors/definition/task-live.ts'
export type { TaskObjects } from '../actors/definition/task-objects.ts'
export type {
  BuiltInPrompt,
  BuiltInPrompts,
  ChosenPrompt,
  PromptLanguage,
  PromptWanted,
  TaskPrompts,
} from '../actors/definition/task-prompts.ts'
export type { TaskRecommending } from '../actors/definition/task-recommending.ts'
export type { TaskSearchHit, TaskSearchIndex, TaskSearchQuery } from '../actors/definition/task-search.ts'
export { toMany, type ToManyBounds, type ToManyByName, type ToManyOptions, type ToManyTask } from '../actors/definition/to-many.ts'
export { createReplyStream, type ReplyStream, type ReplyStreamOptions, type WrittenSentence } from '../actors/streaming/reply-stream.ts'
export { createProducer, type Producer, type Publication, publish, type PublishOptions } from '../pipeline/producer/producer.ts'
export { InputRefusedError, NotAcknowledgedError, WaitTimeoutError } from '../pipeline/producer/producer-errors.ts'
export type { Receipt } from '../pipeline/producer/receipt.ts'
export type { PublishAdvice } from '../pipeline/producer/receipt-service.ts'
export {
  createSearchClient,
  type Search,
  type SearchAnswer,
  type SearchClientOptions,
  type SearchHit,
  type SearchRequest,
} from '../pipeline/search/search-client.ts'
export { ERROR_CODES, type ErrorCode } from '../schemas/error-codes.ts'
export { ColloquyError, RetryLaterError, TerminalError } from '../schemas/errors.ts'
export { KNOWN_EMITS, KNOWN_INPUTS } from '../schemas/events.ts'
export { LIMITS } from '../schemas/limits.ts'
export type { Tier } from '../schemas/models-file.ts'
export { type ObjectReference, objectReference } from '../schemas/object-reference.ts'
export { actorCancelled } from '../schemas/operator-events.ts'
export { type RecipientsWhere, recipientsWhere } from '../schemas/recipients.ts'
export type { StreamMode } from '../schemas/stream-mode.ts'

/** @deprecated since 0.2, removed in 0.3: use `TaskSearchHit`. */
export type MemoryHit = TaskSearchHit
/** @deprecated since 0.2, removed in 0.3: use `TaskSearchQuery`. */
export type MemoryQuestion = TaskSearchQuery
/** @deprecated since 0.2, removed in 0.3: use `TaskSearchIndex`. */
export type TaskMemory = TaskSearchIndex

const reminderKind = createReminder()
/** @deprecated since 0.2, removed in 0.3: the built-in kinds are in `colloquy/kinds`, this one as `createReminder`. */
export { createInterest, createSupport, loadArticles, loadCatalogue, parseArticles, reminderKind }
/** @deprecated since 0.2, removed in 0.3: in `colloquy/kinds`. */
export type { Article, Item, SupportOptions }
