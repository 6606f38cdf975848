import { ACCESS_ERRORS } from './error-codes/access-errors.ts'
import { BENCH_ERRORS } from './error-codes/bench-errors.ts'
import { COMMAND_ERRORS } from './error-codes/command-errors.ts'
import { DECISION_ERRORS } from './error-codes/decision-errors.ts'
import { DEFINITION_ERRORS } from './error-codes/definition-errors.ts'
import { DOCUMENT_ERRORS } from './error-codes/document-errors.ts'
import type { ErrorTexts } from './error-codes/error-text.ts'
import { HOOK_ERRORS } from './error-codes/hook-errors.ts'
import { PROMPT_ERRORS } from './error-codes/prompt-errors.ts'
import { PUBLISHING_ERRORS } from './error-codes/publishing-errors.ts'
import { SEARCH_ERRORS } from './error-codes/search-errors.ts'
import { START_ERRORS } from './error-codes/start-errors.ts'
import { STREAM_ERRORS } from './error-codes/stream-errors.ts'
import { TABLE_ERRORS } from './error-codes/table-errors.ts'
import { TASK_ERRORS } from './error-codes/task-errors.ts'
import { TESTKIT_ERRORS } from './error-codes/testkit-errors.ts'
import { UNDERSTANDING_ERRORS } from './error-codes/understanding-errors.ts'

/** All codes, by the area in which a reader meets them. Each code is in one area. */
export const ERROR_AREAS = {
  'Settings and start': START_ERRORS,
  'Definitions and versions of kinds': DEFINITION_ERRORS,
  'Rejected inputs': DECISION_ERRORS,
  Tasks: TASK_ERRORS,
  'Publishing and HTTP': PUBLISHING_ERRORS,
  'Keys and tenants': ACCESS_ERRORS,
  Streams: STREAM_ERRORS,
  Tables: TABLE_ERRORS,
  'Knowledge and search': SEARCH_ERRORS,
  'Intents and entities': UNDERSTANDING_ERRORS,
  'Prompts and experiments': PROMPT_ERRORS,
  Hooks: HOOK_ERRORS,
  Documents: DOCUMENT_ERRORS,
  'Commands and backups': COMMAND_ERRORS,
  'Test kit': TESTKIT_ERRORS,
  Measurements: BENCH_ERRORS,
} as const satisfies Readonly<Record<string, ErrorTexts>>

/** Every code that Colloquy itself puts into an error, a record or a response. A code never changes its meaning. */
export const ERROR_CODES = {
  ...START_ERRORS,
  ...DEFINITION_ERRORS,
  ...DECISION_ERRORS,
  ...TASK_ERRORS,
  ...PUBLISHING_ERRORS,
  ...ACCESS_ERRORS,
  ...STREAM_ERRORS,
  ...TABLE_ERRORS,
  ...SEARCH_ERRORS,
  ...UNDERSTANDING_ERRORS,
  ...PROMPT_ERRORS,
  ...HOOK_ERRORS,
  ...DOCUMENT_ERRORS,
  ...COMMAND_ERRORS,
  ...TESTKIT_ERRORS,
  ...BENCH_ERRORS,
} as const satisfies ErrorTexts

export type ErrorCode = keyof typeof ERROR_CODES

/** Codes that an HTTP answer carries, each with its status. */
export type HttpErrorCode = { [Code in ErrorCode]: (typeof ERROR_CODES)[Code] extends { readonly http: number } ? Code : never }[ErrorCode]
