import type { z } from 'zod'
import { type agentOnline, DESK_LIMITS } from '../../../schemas/desk-events.ts'
import { type Agent, type Desk, wordsFit } from './desk-state.ts'

type Online = z.output<typeof agentOnline>

const CAPACITY = 3

/** The language of a tag: `zh` of `zh-CN`. */
export const languageOf = (tag: string): string => (tag.split('-')[0] ?? tag).toLowerCase()

/** The agent after a sign that he is there. What it names replaces what was known. */
function agentAfter(before: Agent | undefined, { agent: name, skills, languages, capacity }: Online, now: number): Agent {
  const isBack = before?.isOnline !== true
  return {
    name,
    skills: skills === undefined ? (before?.skills ?? []) : [...new Set(skills)],
    langs: languages === undefined ? (before?.langs ?? null) : [...new Set(languages.map(languageOf))],
    capacity: capacity ?? before?.capacity ?? CAPACITY,
    isOnline: true,
    seenAt: now,
    idleSince: isBack ? now : before.idleSince,
    unanswered: isBack ? 0 : before.unanswered,
  }
}

/** The agent who is forgotten where a new one comes: of those who are offline and have nothing, the one who has been gone longest. */
function forgettable({ agents, cases }: Desk): Agent | undefined {
  const busy = new Set(cases.map(({ agent }) => agent))
  return agents.filter(({ isOnline, name }) => !isOnline && !busy.has(name)).toSorted((a, b) => a.seenAt - b.seenAt)[0]
}

/** The agents of a desk after one has come; `undefined` where there is no room. An empty list of languages means none but unknown ones. */
export function joined(desk: Desk, online: Online, now: number): Agent[] | undefined {
  const known = desk.agents.find(({ name }) => name === online.agent)
  const after = agentAfter(known, online, now)
  if (known !== undefined) return desk.agents.map((one) => (one === known ? after : one))
  if (desk.agents.length < DESK_LIMITS.agentsMax) return [...desk.agents, after]
  const gone = forgettable(desk)
  return gone && [...desk.agents.filter((one) => one !== gone), after]
}

/** Why an agent cannot come, by the bound; `undefined` where he can. */
export function joinProblem(desk: Desk, online: Online): string | undefined {
  const agents = joined(desk, online, 0)
  if (agents === undefined) return `agent: the team has ${DESK_LIMITS.agentsMax} agents who are online or have cases, which is the most`
  if (wordsFit({ agents, cases: desk.cases })) return undefined
  const { teamSkillsMax, teamLanguagesMax } = DESK_LIMITS
  return `skills, languages: agents and open cases of a team name at most ${teamSkillsMax} skills and ${teamLanguagesMax} languages`
}
