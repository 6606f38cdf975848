import type { z } from 'zod'
import {
  type agentOffline,
  type agentOnline,
  type caseAccepted,
  type caseDeclined,
  type caseOffered,
  type caseReplied,
  type caseReturned,
  type caseTransferred,
  type caseWaiting,
  DESK_LIMITS,
  type OFFER_ENDS,
  type REFUSALS,
  type Release,
  type TeamSettings,
} from '../../../schemas/desk-events.ts'
import { spanMs } from '../../../schemas/trigger-events.ts'
import type { WaitingCases } from '../../../schemas/waiting-cases.ts'
import { freeAgents, inTurn, loadOf, queueOf, suits } from './choosing.ts'
import type { DeskEmit } from './desk-definition.ts'
import {
  type Agent,
  DEFAULTS,
  type Desk,
  type DeskCase,
  OUTSIDE_MS,
  type Outsider,
  PASSED_MAX,
  UNANSWERED_MAX,
  wordsFit,
} from './desk-state.ts'
import { createOfficeHours, type OfficeHours } from './office-hours.ts'
import { nextPromise } from './promises.ts'
import { joined, languageOf } from './team.ts'

/** Effects of one input before its last act: one has at most two, and an agent who goes two for each case that he has. A record has 256. */
const EFFECTS_MAX = 160

/** An event for the actor of a case. */
export interface CaseMessage {
  readonly kind: string
  readonly id: string
  readonly type: 'case.queued' | 'case.called' | 'case.misdirected' | 'case.assigned' | 'case.released' | 'case.overdue'
  readonly data: Readonly<Record<string, unknown>>
}

/** Who is at the other end of a case: its actor. */
export interface CaseAddress {
  readonly kind: string
  readonly id: string
}

const iso = (at: number): string => new Date(at).toISOString()
const msOf = (span: string): number => spanMs(span) ?? 0
export const refOf = ({ kind, id }: CaseAddress): string => `${kind}/${id}`

/**
 * What one input does at a desk: it changes the working copy `desk`, and collects what is emitted and what cases are told. `settle` comes
 * first, then the input, then `offer`. Where effects of one input would be too many, the rest is due at once.
 *
 * @param now milliseconds since 1970
 */
export function createShift(desk: Desk, team: string, now: number) {
  const emits: DeskEmit[] = []
  const sends: CaseMessage[] = []
  /** The case that has just asked or was transferred: only now its reason, its summary and the note are known. */
  let asking: (Pick<z.output<typeof caseOffered>, 'reason' | 'summary' | 'note'> & { readonly one: DeskCase }) | undefined
  let isCut = false
  let hours: OfficeHours | undefined
  const office = (): OfficeHours => (hours ??= createOfficeHours(desk.settings))
  const offerForMs = (): number => msOf(desk.settings.offerFor)
  const hasRoom = (): boolean => emits.length + sends.length < EFFECTS_MAX

  const agentOf = (name: string | null): Agent | undefined => desk.agents.find((one) => one.name === name)
  const caseOf = (ref: string): DeskCase | undefined => desk.cases.find((one) => refOf(one) === ref)
  const emit = (event: DeskEmit): unknown => emits.push(event)
  const tell = ({ kind, id }: CaseAddress, type: CaseMessage['type'], data: CaseMessage['data']): unknown =>
    sends.push({ kind, id, type, data })
  const rearm = (one: DeskCase): void => {
    one.dueAt = nextPromise(one, desk.settings.sla, office())?.at ?? null
  }
  const freePlaces = (): number => DESK_LIMITS.casesMax - desk.cases.length
  const refuse = (ref: string, agent: string, why: (typeof REFUSALS)[number]): unknown =>
    emit({ type: 'case.refused', data: { case: ref, agent, why } })
  const remove = (one: DeskCase): unknown => desk.cases.splice(desk.cases.indexOf(one), 1)
  const idle = (name: string | null): void => {
    const agent = agentOf(name)
    if (agent !== undefined) agent.idleSince = now
  }
  /** The agent, who has just given a sign. */
  const heard = (name: string): Agent | undefined => {
    const agent = agentOf(name)
    if (agent !== undefined) Object.assign(agent, { seenAt: now, unanswered: 0 })
    return agent
  }
  const toQueue = (one: DeskCase): unknown => Object.assign(one, { held: 'waiting', agent: null, at: now })
  const pass = (one: DeskCase, name: string): void => {
    one.passed = [...one.passed.filter((other) => other !== name), name].slice(-PASSED_MAX)
  }
  const endOffer = (one: DeskCase, why: (typeof OFFER_ENDS)[number]): void => {
    emit({ type: 'offer.ended', data: { case: refOf(one), agent: one.agent ?? '', why } })
    idle(one.agent)
    toQueue(one)
  }
  const assignedData = (one: DeskCase, offeredAt: string | null) =>
    ({ team, agent: one.agent ?? '', offeredAt, waitedMs: Math.max(0, one.at - one.since) }) as const
  const assign = (one: DeskCase, { name }: Agent): void => {
    const isOffered = one.held === 'offered' && one.agent === name
    const offeredAt = isOffered ? iso(one.at - offerForMs()) : null
    if (one.held === 'offered' && !isOffered) endOffer(one, 'withdrawn')
    Object.assign(one, { held: 'assigned', agent: name, at: now, passed: [] })
    rearm(one)
    const data = assignedData(one, offeredAt)
    emit({ type: 'case.assigned', data: { case: refOf(one), ...data } })
    tell(one, 'case.assigned', data)
  }
  /** Takes a case from its agent; it is told, unless it has ended. */
  const release = (one: DeskCase, why: Release, more: { agreed?: string; to?: string; note?: string } = {}): void => {
    const data = { team, agent: one.agent ?? '', why, handledMs: Math.max(0, now - one.at), ...more }
    emit({ type: 'case.released', data: { case: refOf(one), ...data } })
    if (why !== 'resolved') tell(one, 'case.released', data)
    idle(one.agent)
    toQueue(one)
    // Somebody had replied: the customer waits for the next one from now on, unless he had written before.
    if (one.isAnswered) one.askedAt ??= now
    rearm(one)
  }
  const leave = (agent: Agent, why: 'away' | 'offline', hasReleased: boolean): void => {
    agent.isOnline = false
    for (const one of desk.cases) {
      if (one.agent !== agent.name) continue
      if (one.held === 'offered') endOffer(one, 'withdrawn')
      else if (hasReleased) release(one, why)
    }
  }
  const queued = (one: DeskCase): void => {
    const opensAt = office().opensAt(now)
    const place = queueOf(desk).indexOf(one) + 1
    tell(one, 'case.queued', { team, place, opensAt: opensAt > now ? iso(opensAt) : null, timezone: desk.settings.timezone })
  }
  const isAway = ({ seenAt, isOnline, name }: Agent): boolean =>
    seenAt + msOf(desk.settings.awayAfter) <= now && (isOnline || desk.cases.some(({ agent }) => agent === name))
  const missPromises = (one: DeskCase): void => {
    while (one.dueAt !== null && one.dueAt <= now && hasRoom()) {
      const promise = nextPromise(one, desk.settings.sla, office())
      if (promise !== undefined && promise.at <= now) {
        one.missed.add(promise.clock)
        const agent = one.held === 'assigned' ? one.agent : null
        const data = { case: refOf(one), team, clock: promise.clock, agent, dueAt: iso(promise.at) }
        emit({ type: 'case.overdue', data })
        tell(one, 'case.overdue', data)
      }
      rearm(one)
    }
  }
  /** A team that nobody has set, and to which nobody has come. */
  const isUnknown = (): boolean => desk.settings === DEFAULTS && desk.agents.length === 0 && desk.cases.length === 0
  /** Of a case that was transferred to no team, the agent is told, and has it back where he can. */
  const takeBack = (one: DeskCase, name: string): void => {
    refuse(refOf(one), name, 'unknown_team')
    const agent = agentOf(name)
    if (agent?.isOnline === true && loadOf(desk, agent) < agent.capacity) assign(one, agent)
  }
  /** The owner of a case, or nothing and a refusal. */
  const owned = (ref: string, name: string): DeskCase | undefined => {
    heard(name)
    const one = caseOf(ref)
    if (one === undefined) refuse(ref, name, 'no_such_case')
    else if (one.held !== 'assigned' || one.agent !== name) refuse(ref, name, 'not_yours')
    else return one
    return undefined
  }
  /** Of those without a place, the desk knows who is next, and whether there are more. */
  const remember = (outside: readonly Outsider[]): void => {
    const inOrder = outside.toSorted(inTurn)
    desk.outside = inOrder.slice(0, DESK_LIMITS.outsideMax)
    desk.turnedAway ||= inOrder.length > DESK_LIMITS.outsideMax
  }
  const offer = (one: DeskCase, agent: Agent): void => {
    Object.assign(one, { held: 'offered', agent: agent.name, at: now + offerForMs() })
    const { priority, lang, skill, since, at } = one
    const { reason, summary, note } = asking?.one === one ? asking : {}
    const known = {
      ...(reason !== undefined && { reason }),
      ...(summary !== undefined && { summary }),
      ...(note !== undefined && { note }),
    }
    const data = {
      case: refOf(one),
      agent: agent.name,
      until: iso(at),
      lang,
      skill,
      priority,
      waitedMs: Math.max(0, now - since),
      ...known,
    }
    emit({ type: 'case.offered', data })
  }

  return {
    emits,
    sends,
    /** Does what time has made due: agents who are away, offers without an answer, promises that are missed. */
    settle(): void {
      desk.outside = desk.outside.filter(({ heardAt }) => heardAt + OUTSIDE_MS > now)
      for (const agent of desk.agents) if (hasRoom() && isAway(agent)) leave(agent, 'away', true)
      for (const one of desk.cases) {
        if (!hasRoom()) return
        if (one.held === 'offered' && one.at <= now) {
          const agent = agentOf(one.agent)
          if (agent !== undefined) agent.unanswered = Math.min(UNANSWERED_MAX, agent.unanswered + 1)
          endOffer(one, 'lapsed')
        }
        if (one.held === 'waiting' && one.at + offerForMs() <= now) one.passed = []
        missPromises(one)
      }
    },
    /** Calls those for whom there is a place now, and offers what waits to those who are free. */
    offer(): void {
      for (const next of desk.outside.slice(0, freePlaces())) {
        if (!next.isCalled) tell(next, 'case.called', { team })
        next.isCalled = true
      }
      let free = freeAgents(desk)
      for (const one of queueOf(desk)) {
        if (free.length === 0) return
        if (one.held !== 'waiting') continue
        const chosen = free.find(({ agent }) => suits(one, agent))
        if (chosen === undefined) continue
        if (!hasRoom()) {
          isCut = true
          return
        }
        offer(one, chosen.agent)
        free = free.filter((other) => other !== chosen)
      }
    },
    /** When time alone next changes something; `null`: never. */
    dueAt(): number | null {
      if (isCut) return now
      const awayMs = msOf(desk.settings.awayAfter)
      const busy = new Set(desk.cases.map(({ agent }) => agent))
      const due = [
        ...desk.agents.flatMap(({ isOnline, name, seenAt }) => (isOnline || busy.has(name) ? seenAt + awayMs : [])),
        ...desk.cases.flatMap(({ held, at, dueAt, passed }) => [
          ...(held === 'offered' ? [at] : []),
          ...(held === 'waiting' && passed.length > 0 ? [at + offerForMs()] : []),
          ...(dueAt === null ? [] : [dueAt]),
        ]),
      ]
      return due.length === 0 ? null : Math.min(...due)
    },

    setTeam(settings: TeamSettings): void {
      const longer = msOf(settings.offerFor) - offerForMs()
      desk.settings = settings
      hours = undefined
      for (const one of desk.cases) {
        if (one.held === 'offered') one.at += longer
        rearm(one)
      }
    },
    online(data: z.output<typeof agentOnline>): void {
      const agents = joined(desk, data, now)
      if (agents !== undefined) desk.agents = agents
    },
    offline({ agent: name, release: hasReleased = false }: z.output<typeof agentOffline>): void {
      const agent = heard(name)
      if (agent !== undefined) leave(agent, 'offline', hasReleased)
    },
    waiting({ kind, id }: CaseAddress, data: z.output<typeof caseWaiting>): void {
      const { reason, summary, since, priority, skill, lang, askedAt, from, unknownTeam } = data
      const note = from?.note
      const facts = { priority, skill: skill ?? null, lang: lang === undefined ? null : languageOf(lang) }
      const known = caseOf(refOf({ kind, id }))
      if (known !== undefined) {
        if (known.held === 'assigned') tell(known, 'case.assigned', assignedData(known, null))
        else {
          const before = { priority: known.priority, skill: known.skill, lang: known.lang }
          Object.assign(known, facts)
          if (!wordsFit(desk)) Object.assign(known, before)
          asking = { one: known, reason, summary, note }
          queued(known)
        }
        return
      }
      // A clock that is ahead would let the case wait for less than nothing.
      const began = Math.min(now, Date.parse(since))
      const one: DeskCase = {
        ...{ kind, id, ...facts, since: began, held: 'waiting', agent: null, at: now },
        ...{ passed: [], isAnswered: askedAt !== undefined, missed: new Set(data.missed), dueAt: null },
        askedAt: askedAt === undefined ? null : Math.max(began, Math.min(now, Date.parse(askedAt))),
      }
      if (from !== undefined && isUnknown()) {
        tell(one, 'case.misdirected', { team })
        return
      }
      // Also one that is not taken is told what it was promised: it asks each minute.
      rearm(one)
      missPromises(one)
      const cases = [...desk.cases, one]
      if (!wordsFit({ ...desk, cases })) return
      const others = desk.outside.filter((other) => refOf(other) !== refOf(one))
      if (others.filter((other) => inTurn(other, one) < 0).length >= freePlaces()) {
        // Each that is called asks again at once, and the others each minute.
        remember([...others, { kind, id, priority, since: began, heardAt: now, isCalled: false }])
        return
      }
      desk.outside = others
      desk.cases = cases
      asking = { one, reason, summary, note }
      if (unknownTeam !== undefined) takeBack(one, unknownTeam.agent)
      if (one.held === 'waiting') queued(one)
    },
    asked(from: CaseAddress): void {
      const one = caseOf(refOf(from))
      // One who came by day and writes by night has not been told when somebody comes.
      if (one !== undefined && one.held !== 'assigned' && office().opensAt(now) > now) queued(one)
      if (one === undefined || !one.isAnswered || one.askedAt !== null) return
      one.askedAt = now
      rearm(one)
    },
    replied(from: CaseAddress, { agent }: z.output<typeof caseReplied>): void {
      heard(agent)
      const one = caseOf(refOf(from))
      if (one === undefined) return
      // One that nobody has yet still waits for somebody.
      Object.assign(one, { isAnswered: true, askedAt: one.held === 'assigned' ? null : now })
      one.missed.delete('next_reply')
      rearm(one)
    },
    /** The next ones without a place, as the tables know them; `undefined`: those cannot be read, and each asks again by itself. */
    found(next: WaitingCases | undefined): void {
      desk.turnedAway = next !== undefined && next.length === DESK_LIMITS.outsideMax
      const isKnown = (one: CaseAddress): boolean => [...desk.cases, ...desk.outside].some((other) => refOf(other) === refOf(one))
      const others = (next ?? []).filter((one) => !isKnown(one) && one.heardAt + OUTSIDE_MS > now)
      remember([...desk.outside, ...others.map((one) => ({ ...one, heardAt: Math.min(now, one.heardAt), isCalled: false }))])
    },
    ended(from: CaseAddress): void {
      desk.outside = desk.outside.filter((other) => refOf(other) !== refOf(from))
      const one = caseOf(refOf(from))
      if (one === undefined) return
      if (one.held === 'offered') endOffer(one, 'withdrawn')
      if (one.held === 'assigned') release(one, 'resolved')
      remove(one)
    },
    accepted({ case: ref, agent: name }: z.output<typeof caseAccepted>): void {
      const agent = heard(name)
      const one = caseOf(ref)
      if (agent === undefined) refuse(ref, name, 'unknown_agent')
      else if (one === undefined) refuse(ref, name, 'no_such_case')
      else if (one.held === 'assigned') {
        if (one.agent !== name) refuse(ref, name, 'taken')
      } else if (loadOf(desk, agent) >= agent.capacity) refuse(ref, name, 'no_capacity')
      else assign(one, agent)
    },
    declined({ case: ref, agent: name }: z.output<typeof caseDeclined>): void {
      heard(name)
      const one = caseOf(ref)
      if (one?.held !== 'offered' || one.agent !== name) return
      endOffer(one, 'declined')
      pass(one, name)
    },
    returned({ case: ref, agent: name, agreed }: z.output<typeof caseReturned>): void {
      const one = owned(ref, name)
      if (one === undefined) return
      release(one, 'returned', agreed === undefined ? {} : { agreed })
      remove(one)
    },
    transferred({ case: ref, agent: name, to, note }: z.output<typeof caseTransferred>): void {
      const one = owned(ref, name)
      if (one === undefined) return
      const more = note === undefined ? {} : { note }
      if ('team' in to) {
        const isOther = to.team !== team
        release(one, 'transferred', isOther ? { ...more, to: to.team } : more)
        if (isOther) remove(one)
        else {
          pass(one, name)
          asking = { one, ...more }
        }
        return
      }
      const next = agentOf(to.agent)
      if (next === undefined || !next.isOnline) refuse(ref, name, 'unavailable')
      else if (next.name !== name && loadOf(desk, next) >= next.capacity) refuse(ref, name, 'no_capacity')
      else if (next.name !== name) {
        const { askedAt } = one
        release(one, 'transferred', more)
        // The customer waits for nothing more than before.
        one.askedAt = askedAt
        assign(one, next)
      }
    },
  }
}
export type Shift = ReturnType<typeof createShift>
