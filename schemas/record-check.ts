import type { LogRecord, PrivatePart, PublicRecord } from './record.ts'
import { EVENT_TYPE, TOKEN } from './subjects.ts'

/**
 * Whether a value is a record, checked by hand: every reader of LOG checks every message, and the schema takes ten times as long. A test
 * compares the two field by field. Like the schema it lets unknown fields pass. It differs in two ways. It takes any word as a reason or as
 * the status of a task, because a newer version may have more of them. And it refuses names that cannot be part of a subject or a header,
 * which the dispatcher could never publish.
 *
 * @returns the field that is missing or wrong; `undefined` for a record.
 */
export const recordProblem = (value: unknown): string | undefined => publicProblem(value) ?? privateProblem(value)

/** As `recordProblem`, for the public part of a record alone. */
export function publicProblem(value: unknown): string | undefined {
  if (!isObject(value)) return 'its content'
  const record: Partial<Record<keyof PublicRecord, unknown>> = value
  if (record.v !== 1 && record.v !== 2) return 'v'
  if (!isPositive(record.n)) return 'n'
  if (!isTime(record.at)) return 'at'
  if (!isTimeOrAbsent(record.due)) return 'due'
  if (!isObject(record.inbox) || !isCount(record.inbox['seq']) || !isTime(record.inbox['ts'])) return 'inbox'
  if (!isCount(record.low)) return 'low'
  if (record.outcome !== 'committed' && record.outcome !== 'rejected') return 'outcome'
  if (record.reason !== undefined && !isWord(record.reason)) return 'reason'
  if (!isTextOrAbsent(record.error)) return 'error'
  if (!isTextOrAbsent(record.subject)) return 'subject'
  if (!isTextOrAbsent(record.payload)) return 'payload'
  if (typeof record.machine !== 'string') return 'machine'
  if (!isInput(record.input)) return 'input'
  if (typeof record.from !== 'string') return 'from'
  if (typeof record.to !== 'string') return 'to'
  if (!STATUSES.has(record.status)) return 'status'
  if (!isObject(record.label)) return 'label'
  if (!isCase(record.case)) return 'case'
  if (!isListOf(record.emitted, isEmitted)) return 'emitted'
  if (!isListOf(record.started, isStarted)) return 'started'
  if (!isListOf(record.timers, isTimer)) return 'timers'
  if (record.sent !== undefined && !isListOf(record.sent, isSent)) return 'sent'
  if (!isListOf(record.stopped, isText)) return 'stopped'
  if (!isListOf(record.ended, isEnded)) return 'ended'
  if (record.left !== undefined && !isListOf(record.left, isLeft)) return 'left'
  if (record.answered !== undefined && !isListOf(record.answered, isAnswered)) return 'answered'
  if (record.resolves !== undefined && !isResolved(record.resolves)) return 'resolves'
  return undefined
}

/** As `recordProblem`, for the private part of a record alone. */
export function privateProblem(value: unknown): string | undefined {
  if (!isObject(value)) return 'its content'
  const part: Partial<Record<keyof PrivatePart, unknown>> = value
  if (part.state !== null && !isState(part.state)) return 'state'
  if (part.since !== undefined && !isMapOf(part.since, isCount)) return 'since'
  if (!isSeen(part.seen)) return 'seen'
  if (part.prev !== undefined && !(isText(part.prev) && SHA256.test(part.prev))) return 'prev'
  if (part.salt !== undefined && !(isText(part.salt) && SALT.test(part.salt))) return 'salt'
  return undefined
}

/** As the checks above, for a value of unknown type. */
export const isRecord = (value: unknown): value is LogRecord => recordProblem(value) === undefined
export const isPublicRecord = (value: unknown): value is PublicRecord => publicProblem(value) === undefined
export const isPrivatePart = (value: unknown): value is PrivatePart => privateProblem(value) === undefined

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === 'string'
const isCount = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)
const isCountOrAbsent = (value: unknown): boolean => value === undefined || isCount(value)
const isPositive = (value: unknown): boolean => typeof value === 'number' && value > 0 && Number.isSafeInteger(value)
const isNumberOrAbsent = (value: unknown): boolean => value === undefined || (typeof value === 'number' && Number.isFinite(value))
const isNotNegativeOrAbsent = (value: unknown): boolean => value === undefined || (isNumberOrAbsent(value) && Number(value) >= 0)
const isTrueOrAbsent = (value: unknown): boolean => value === undefined || value === true

/** What `z.iso.datetime()` accepts. The common form has milliseconds, and is any day but 29 February. */
const isTime = (value: unknown): boolean => typeof value === 'string' && (COMMON_TIME.test(value) || isOtherTime(value))
const COMMON_DAY = String.raw`(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)`
const COMMON_TIME = new RegExp(String.raw`^\d{4}-${COMMON_DAY}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$`)
const OTHER_TIME = /^\d{4}-\d\d-(\d\d)T\d\d:\d\d(:\d\d(\.\d+)?)?Z$/
/** `Date.parse` takes 30 February for 2 March. */
function isOtherTime(value: string): boolean {
  const day = OTHER_TIME.exec(value)?.[1]
  return day !== undefined && !Number.isNaN(Date.parse(value)) && new Date(value).getUTCDate() === Number(day)
}
const isTimeOrAbsent = (value: unknown): boolean => value === undefined || isTime(value)

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false
  for (const item of value as readonly unknown[]) if (!isItem(item)) return false
  return true
}

function isMapOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (!isObject(value)) return false
  for (const key in value) if (!isItem(value[key])) return false
  return true
}

const STATUSES: ReadonlySet<unknown> = new Set<LogRecord['status']>(['none', 'active', 'done', 'error', 'stopped'])
const WORD = /^[a-z_]{1,64}$/
const isWord = (value: unknown): boolean => typeof value === 'string' && WORD.test(value)
const SHA256 = /^[A-Za-z0-9_-]{43}$/
const SALT = /^[A-Za-z0-9_-]{22}$/
/** An id of a run or an event, as part of a subject and as a header. */
const ID = /^[A-Za-z0-9_:.-]{1,256}$/
const isId = (value: unknown): boolean => typeof value === 'string' && ID.test(value)
const isToken = (value: unknown): boolean => typeof value === 'string' && TOKEN.test(value)

const isInput = (value: unknown): boolean =>
  isObject(value)
  && isText(value['type'])
  && isText(value['id'])
  && isText(value['source'])
  && isTime(value['time'])
  && isCountOrAbsent(value['sequence'])
  && isTextOrAbsent(value['correlationid'])
  && isTextOrAbsent(value['causationid'])
  && isTextOrAbsent(value['traceparent'])
  && (value['history'] === undefined || typeof value['history'] === 'boolean')
  && (value['dataversion'] === undefined || isPositive(value['dataversion']))
  && (value['attributes'] === undefined || isObject(value['attributes']))
  && (value['data'] === undefined || isObject(value['data']))

const isPending = (value: unknown): value is Fields =>
  isObject(value) && isTextOrAbsent(value['correlationid']) && isTextOrAbsent(value['traceparent']) && isTrueOrAbsent(value['refused'])

const isPendingTask = (value: unknown): boolean =>
  isPending(value) && isText(value['task']) && isText(value['child']) && isTime(value['startedAt']) && isTime(value['deadlineAt'])

const isPendingTimer = (value: unknown): boolean =>
  isPending(value) && isObject(value['event']) && isText(value['event']['type']) && isText(value['sendId']) && isTime(value['at'])

const isPendingChild = (value: unknown): boolean =>
  isPending(value)
  && isText(value['src'])
  && isText(value['child'])
  && isToken(value['kind'])
  && isToken(value['actor'])
  && isTime(value['startedAt'])
  && isTrueOrAbsent(value['spawned'])

const isState = (value: unknown): boolean =>
  isObject(value)
  && (isText(value['value']) || isObject(value['value']))
  && isObject(value['context'])
  && isObject(value['history'])
  && isMapOf(value['tasks'], isPendingTask)
  && isMapOf(value['timers'], isPendingTimer)
  && (value['children'] === undefined || isMapOf(value['children'], isPendingChild))
  && isMapOf(value['entered'], isTime)

const isAsked = (value: unknown): value is Fields =>
  isObject(value)
  && isCount(value['turn'])
  && isText(value['id'])
  && isCountOrAbsent(value['seq'])
  && isTime(value['at'])
  && isTime(value['committedAt'])
  && isTrueOrAbsent(value['history'])
  && isTextOrAbsent(value['lang'])
  && isTextOrAbsent(value['intent'])
  && isNumberOrAbsent(value['confidence'])

const isAnswered = (value: unknown): boolean => isAsked(value) && isCount(value['idx'])

const isResponded = (value: unknown): boolean =>
  isObject(value) && isTime(value['at']) && (value['by'] === 'assistant' || value['by'] === 'agent')
const isEscalated = (value: unknown): boolean => isObject(value) && isTime(value['at']) && isTextOrAbsent(value['reason'])
const isCaseEnd = (value: unknown): boolean =>
  isObject(value) && isTime(value['at']) && isTextOrAbsent(value['outcome']) && isTextOrAbsent(value['drop'])
const isParent = (value: unknown): boolean =>
  isObject(value)
  && isToken(value['kind'])
  && isToken(value['id'])
  && isText(value['run'])
  && isText(value['child'])
  && isPositive(value['depth'])
/** The counts of a case have no other fields than numbers. */
const isCounts = (value: unknown): boolean => isMapOf(value, isCountOrAbsent) && isObject(value) && isCount(value['records'])
const isCase = (value: unknown): boolean =>
  isObject(value)
  && isCount(value['no'])
  && isTime(value['openedAt'])
  && typeof value['closed'] === 'boolean'
  && isTime(value['firstAt'])
  && isCount(value['messages'])
  && isCount(value['userMessages'])
  && isCount(value['botMessages'])
  && isCount(value['agentMessages'])
  && isCountOrAbsent(value['turns'])
  && (value['open'] === undefined || isListOf(value['open'], isAsked))
  && isNumberOrAbsent(value['quality'])
  && isTextOrAbsent(value['customer'])
  && (value['parent'] === undefined || isParent(value['parent']))
  && isTrueOrAbsent(value['history'])
  && isTimeOrAbsent(value['arrivedAt'])
  && isTextOrAbsent(value['channel'])
  && isTextOrAbsent(value['lang'])
  && isTextOrAbsent(value['intent'])
  && isTextOrAbsent(value['agent'])
  && isTextOrAbsent(value['team'])
  && isTimeOrAbsent(value['humanAt'])
  && isTrueOrAbsent(value['overdue'])
  && (value['responded'] === undefined || isResponded(value['responded']))
  && (value['escalated'] === undefined || isEscalated(value['escalated']))
  && (value['ended'] === undefined || isCaseEnd(value['ended']))
  && isNumberOrAbsent(value['rating'])
  && (value['tags'] === undefined || isListOf(value['tags'], isText))
  && isTrueOrAbsent(value['counted'])
  && (value['counts'] === undefined || isCounts(value['counts']))

const isEmitted = (value: unknown): boolean =>
  isObject(value) && isId(value['id']) && isText(value['type']) && EVENT_TYPE.test(value['type']) && isObject(value['data'])
const isStarted = (value: unknown): boolean =>
  isObject(value) && isId(value['run']) && isToken(value['task']) && isTime(value['deadlineAt'])
const isTimer = (value: unknown): boolean => isObject(value) && isText(value['run']) && isText(value['event']) && isTime(value['at'])
const isSent = (value: unknown): boolean =>
  isObject(value)
  && isId(value['id'])
  && isToken(value['kind'])
  && isToken(value['actor'])
  && isText(value['type'])
  && isObject(value['data'])

const isEnded = (value: unknown): boolean =>
  isObject(value)
  && isId(value['run'])
  && isToken(value['task'])
  && isWord(value['status'])
  && isTime(value['startedAt'])
  && isCountOrAbsent(value['attempts'])
  && isNotNegativeOrAbsent(value['queueMs'])
  && isNotNegativeOrAbsent(value['durationMs'])
  && isErrorOrAbsent(value['error'])
  && isErrorOrAbsent(value['attemptError'])

const isErrorOrAbsent = (value: unknown): boolean =>
  value === undefined || (isObject(value) && isText(value['code']) && isText(value['message']))

const isLeft = (value: unknown): boolean =>
  isObject(value)
  && isText(value['state'])
  && isText(value['cause'])
  && isCount(value['case'])
  && isTime(value['enteredAt'])
  && isCountOrAbsent(value['enteredSeq'])

const isResolved = (value: unknown): boolean =>
  isObject(value)
  && (value['end'] === 'redriven' || value['end'] === 'dropped')
  && isPositive(value['deadSeq'])
  && isTextOrAbsent(value['by'])
  && isPositive(value['logSeq'])
  && isCount(value['inboxSeq'])
  && isTime(value['at'])
  && isWord(value['reason'])
  && isText(value['subject'])
  && isText(value['error'])
  && isText(value['payload'])

const isSourceSequence = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && isText(value[0]) && isCount(value[1])
const isSeen = (value: unknown): boolean => isObject(value) && isText(value['ids']) && isListOf(value['sources'], isSourceSequence)
