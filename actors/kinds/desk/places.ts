import { hash } from 'node:crypto'
import { DESK_LIMITS } from '../../../schemas/desk-events.ts'
import { CASE_MARK_CHARS, waitingCases, waitingCasesQuery } from '../../../schemas/waiting-cases.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { OUTSIDE_MS, type StoredDesk } from './desk-state.ts'

/** Each case asks by itself within a minute: a late answer is worth little. */
const FIND_DEADLINE_MS = 30_000

const query = waitingCasesQuery.pick({ since: true, without: true })

/** The task `find`: who is next of those that the desk had no place for and does not know. */
export const findTask = defineTask({
  input: query,
  output: waitingCases,
  deadlineMs: FIND_DEADLINE_MS,
  attemptsMax: 3,
  concurrencyMax: 16,
  hasTenantTurns: true,
  run: ({ input, waitingCases: find }) => find(input),
})

type Room = Pick<StoredDesk, 'words' | 'cases' | 'outside' | 'turnedAway'>

/**
 * Whether places are free for cases that the desk does not know. Half of those that it may know are asked for at once, so that one place
 * that becomes free is not one query.
 */
export const lacksCases = ({ cases, outside, turnedAway }: Room): boolean =>
  turnedAway && outside.length * 2 <= DESK_LIMITS.outsideMax && DESK_LIMITS.casesMax - cases.length > outside.length

const markOf = (kind: string, id: string): string => hash('sha256', `${kind}/${id}`).slice(0, CASE_MARK_CHARS)

/** Asks for those that the desk does not know. @param at RFC 3339 */
export const findQuery = ({ words: { kinds }, cases, outside }: Room, at: string) => ({
  since: new Date(Date.parse(at) - OUTSIDE_MS).toISOString(),
  without: [...cases.map(([id, kind]) => markOf(kinds[kind] ?? '', id)), ...outside.map(([kind, id]) => markOf(kind, id))],
})
