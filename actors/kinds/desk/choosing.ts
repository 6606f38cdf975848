import { PRIORITIES } from '../../../schemas/desk-events.ts'
import type { Agent, Desk, DeskCase } from './desk-state.ts'

/** Cases that an agent has. */
export const loadOf = ({ cases }: Desk, { name }: Agent): number =>
  cases.reduce((sum, { held, agent }) => (held === 'assigned' && agent === name ? sum + 1 : sum), 0)

/** The order in which cases get a person: the higher priority, then the longer wait. */
export const inTurn = (a: Pick<DeskCase, 'priority' | 'since'>, b: Pick<DeskCase, 'priority' | 'since'>): number =>
  PRIORITIES.indexOf(b.priority) - PRIORITIES.indexOf(a.priority) || a.since - b.since

/** Cases that nobody has, in the order in which they are offered. */
export const queueOf = ({ cases }: Desk): DeskCase[] => cases.filter(({ held }) => held !== 'assigned').toSorted(inTurn)

/** Agents who can be asked, with the cases that they have. An agent is asked about one case at a time. */
export interface Free {
  readonly agent: Agent
  readonly load: number
}

/** The agents who can be asked now, the first choice first: who answers, has the fewest cases, and has been idle for the longest time. */
export function freeAgents(desk: Desk): Free[] {
  const loads = new Map<string, number>()
  const asked = new Set<string>()
  for (const { held, agent } of desk.cases) {
    if (agent !== null && held === 'assigned') loads.set(agent, (loads.get(agent) ?? 0) + 1)
    if (agent !== null && held === 'offered') asked.add(agent)
  }
  return desk.agents
    .map((agent) => ({ agent, load: loads.get(agent.name) ?? 0 }))
    .filter(({ agent, load }) => agent.isOnline && load < agent.capacity && !asked.has(agent.name))
    .toSorted((a, b) => a.agent.unanswered - b.agent.unanswered || a.load - b.load || a.agent.idleSince - b.agent.idleSince)
}

/** Whether a case may be offered to an agent. */
export const suits = ({ skill, lang, passed }: DeskCase, { name, skills, langs }: Agent): boolean =>
  (skill === null || skills.includes(skill)) && (lang === null || langs === null || langs.includes(lang)) && !passed.includes(name)
