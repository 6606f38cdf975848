import { z } from 'zod'
import { DESK_LIMITS, PRIORITIES, SLA_CLOCKS, type SlaClock, teamSet, type TeamSettings } from '../../../schemas/desk-events.ts'

/** A case that the desk has. Times are milliseconds since 1970. */
export interface DeskCase {
  readonly kind: string
  readonly id: string
  priority: (typeof PRIORITIES)[number]
  skill: string | null
  lang: string | null
  /** When it was escalated. */
  readonly since: number
  /** `waiting`: nobody is asked; `offered`: `agent` is asked; `assigned`: `agent` has it. */
  held: (typeof HELD)[number]
  agent: string | null
  /** Waiting: since when; offered: until when; assigned: since when. */
  at: number
  /** The last agents who did not want it while it waits. */
  passed: string[]
  /** Whether a person has replied. */
  isAnswered: boolean
  /** When the customer first wrote after the last reply; `null`: no next reply is due. */
  askedAt: number | null
  /** Promises that were missed. */
  readonly missed: Set<SlaClock>
  /** When its next promise is missed; `null`: none is running. */
  dueAt: number | null
}

/** Somebody of the team. Times are milliseconds since 1970. */
export interface Agent {
  readonly name: string
  skills: readonly string[]
  /** `null`: all. */
  langs: readonly string[] | null
  capacity: number
  isOnline: boolean
  /** The last sign of the agent. */
  seenAt: number
  /** When something was last offered to the agent in vain, or a case was taken from him. */
  idleSince: number
  /** Offers in a row that he did not answer. */
  unanswered: number
}

/** A case that asked when there was no place asks again each minute; one that did not for so long no longer counts. */
export const OUTSIDE_MS = 90_000

/** A case that asked when there was no place. Times are milliseconds since 1970. */
export interface Outsider {
  readonly kind: string
  readonly id: string
  readonly priority: DeskCase['priority']
  readonly since: number
  /** When it last asked: it does so each minute. */
  readonly heardAt: number
  /** Whether it was told since then that there is a place. */
  isCalled: boolean
}

/** A desk as its decisions see it. */
export interface Desk {
  settings: TeamSettings
  agents: Agent[]
  cases: DeskCase[]
  /** Those that are next, in the order of the queue. */
  outside: Outsider[]
  /** Whether more asked in vain than those. */
  turnedAway: boolean
}

export const HELD = ['waiting', 'offered', 'assigned'] as const
/** Agents of a case who did not want it: the desk knows so many. */
export const PASSED_MAX = 3
export const UNANSWERED_MAX = 9

const word = z.int().min(-1)
const ms = z.int()
const agentRow = z.tuple([z.string(), z.array(word), z.array(word).nullable(), z.int(), z.int(), ms, ms, z.int()])
const outsiderRow = z.tuple([z.string(), z.string(), z.int(), ms, ms, z.int()])
const caseRow = z.tuple([z.string(), word, z.int(), word, word, ms, z.int(), word, ms, z.array(word), ms, z.int(), ms])

/**
 * A desk as it is stored, in 64 KiB with all that it may hold. Rows are arrays, words stand once in `words`, agents are known by their
 * places, and all times of a case but the first count from when it was escalated; -1 is none.
 *
 * Rows of agents: name, skills, languages, capacity, online, seenAt, idleSince, unanswered. Rows of cases: id, kind, priority, skill,
 * language, since, held, agent, at, passed, askedAt, flags (1: answered, 2 and up: missed promises), dueAt. Rows of those outside: kind,
 * id, priority, since, heardAt, called.
 */
export const storedDesk = z.object({
  /** `null`: the defaults. */
  settings: teamSet.nullable(),
  words: z.object({ kinds: z.array(z.string()), skills: z.array(z.string()), langs: z.array(z.string()) }),
  agents: z.array(agentRow).max(DESK_LIMITS.agentsMax),
  cases: z.array(caseRow).max(DESK_LIMITS.casesMax),
  outside: z.array(outsiderRow).max(DESK_LIMITS.outsideMax),
  /** Version 1 did not know it. */
  turnedAway: z.boolean().default(false),
})
export type StoredDesk = z.infer<typeof storedDesk>
export const EMPTY_DESK: StoredDesk = {
  settings: null,
  words: { kinds: [], skills: [], langs: [] },
  agents: [],
  cases: [],
  outside: [],
  turnedAway: false,
}

/** The settings of a team that nobody has set. */
export const DEFAULTS = teamSet.parse({})
const NONE = -1

/** A working copy, which may be changed. */
export function unpacked({ settings, words, agents, cases, outside, turnedAway }: StoredDesk): Desk {
  const { kinds, skills, langs } = words
  const named = (all: readonly string[], places: readonly number[]): string[] => places.flatMap((place) => all[place] ?? [])
  const names = agents.map(([name]) => name)
  return {
    settings: settings ?? DEFAULTS,
    agents: agents.map(([name, has, speaks, capacity, online, seenAt, idleSince, unanswered]) => ({
      name,
      skills: named(skills, has),
      langs: speaks && named(langs, speaks),
      capacity,
      isOnline: online === 1,
      seenAt,
      idleSince,
      unanswered,
    })),
    cases: cases.map(([id, kind, priority, skill, lang, since, held, agent, at, passed, asked, flags, due]) => ({
      kind: kinds[kind] ?? '',
      id,
      priority: PRIORITIES[priority] ?? 'normal',
      skill: skills[skill] ?? null,
      lang: langs[lang] ?? null,
      since,
      held: HELD[held] ?? 'waiting',
      agent: names[agent] ?? null,
      at: since + at,
      passed: named(names, passed),
      isAnswered: (flags & 1) === 1,
      askedAt: asked === NONE ? null : since + asked,
      missed: new Set(SLA_CLOCKS.filter((_, index) => (flags & (2 << index)) !== 0)),
      dueAt: due === NONE ? null : since + due,
    })),
    outside: outside.map(([kind, id, priority, since, heardAt, called]) => ({
      ...{ kind, id, since, heardAt },
      priority: PRIORITIES[priority] ?? 'normal',
      isCalled: called === 1,
    })),
    turnedAway,
  }
}

/** The words of a desk, each once. */
export const wordsOf = ({ agents, cases }: Pick<Desk, 'agents' | 'cases'>): StoredDesk['words'] => ({
  kinds: [...new Set(cases.map(({ kind }) => kind))],
  skills: [...new Set([...agents.flatMap(({ skills }) => skills), ...cases.flatMap(({ skill }) => skill ?? [])])],
  langs: [...new Set([...agents.flatMap(({ langs }) => langs ?? []), ...cases.flatMap(({ lang }) => lang ?? [])])],
})

/** Whether the words of a desk are no more than it may have. */
export function wordsFit(desk: Pick<Desk, 'agents' | 'cases'>): boolean {
  const { kinds, skills, langs } = wordsOf(desk)
  const { teamKindsMax, teamSkillsMax, teamLanguagesMax } = DESK_LIMITS
  return kinds.length <= teamKindsMax && skills.length <= teamSkillsMax && langs.length <= teamLanguagesMax
}

export function packed({ settings, agents, cases, outside, turnedAway }: Desk): StoredDesk {
  const words = wordsOf({ agents, cases })
  const places = (all: readonly string[]): ((one: string | null) => number) => {
    const known = new Map(all.map((name, place) => [name, place]))
    return (one) => (one === null ? NONE : (known.get(one) ?? NONE))
  }
  const [kindAt, skillAt, langAt] = [places(words.kinds), places(words.skills), places(words.langs)]
  const agentAt = places(agents.map(({ name }) => name))
  return {
    settings: settings === DEFAULTS ? null : settings,
    words,
    agents: agents.map(({ name, skills, langs, capacity, isOnline, seenAt, idleSince, unanswered }) => [
      name,
      skills.map(skillAt),
      langs && langs.map(langAt),
      capacity,
      isOnline ? 1 : 0,
      seenAt,
      idleSince,
      unanswered,
    ]),
    cases: cases.map(({ kind, id, priority, skill, lang, since, held, agent, at, passed, isAnswered, askedAt, missed, dueAt }) => [
      id,
      kindAt(kind),
      PRIORITIES.indexOf(priority),
      skillAt(skill),
      langAt(lang),
      since,
      HELD.indexOf(held),
      agentAt(agent),
      at - since,
      passed.map(agentAt).filter((place) => place !== NONE),
      askedAt === null ? NONE : askedAt - since,
      SLA_CLOCKS.reduce((flags, clock, index) => flags | (missed.has(clock) ? 2 << index : 0), isAnswered ? 1 : 0),
      dueAt === null ? NONE : dueAt - since,
    ]),
    outside: outside.map(({ kind, id, priority, since, heardAt, isCalled }) => [
      ...([kind, id, PRIORITIES.indexOf(priority), since, heardAt] as const),
      isCalled ? 1 : 0,
    ]),
    turnedAway,
  }
}
