import { z } from 'zod'
import { caseOffered, deskAssigned } from '../../schemas/desk-events.ts'
import { actorSource } from '../../schemas/subjects.ts'
import { createBenchPublisher } from '../harness/bench-publisher.ts'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { CAUGHT_UP_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { createProbe, percentilesOf, watchSubject } from '../harness/latency-probe.ts'
import { planMeasurement } from '../harness/measurement-plan.ts'
import { openLoop } from '../harness/open-loop.ts'
import { startProducing } from '../harness/producing-system.ts'
import { rounded } from '../harness/statistics.ts'

/** Measures how soon a case that asks for a person is offered to one. */
export const desk: OfflineScenario = {
  name: 'desk',
  about: 'Time from case.waiting to case.offered in OUT: 20 cases a second at one desk with --actors agents, who have 100 cases already.',
  actorsDefault: 50,
  secondsDefault: 30,
  measure,
}

const TENANT = 'bench-desk'
/** Cases a second. Each is accepted, and closed as soon as an agent has it: three inputs of the desk. */
const RATE = 20
/** Cases that agents have for the whole time: they make the state of the desk as large as that of a busy team. */
const STANDING = 100
/** As the actor of a case does each minute, a case that the desk had no place for asks again. */
const AGAIN_MS = 10_000
const CAPACITY = 20
/** An actor of this kind records what the desk tells its case, and does nothing. */
const CASE_KIND = 'bench-hearer'
const LANGS = ['zh', 'en']

const offeredSchema = z.object({ data: caseOffered })
const assignedSchema = z.object({ data: deskAssigned })
const isStanding = (ref: string): boolean => ref.startsWith(`${CASE_KIND}/standing`)

async function measure({ seconds, actors: agents, seed }: BenchOptions): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const { system, publisher, input } = await startProducing(TENANT, started)
  // Only actors say what becomes of a case: the harness publishes as those do, which its producer may not.
  const actors = createBenchPublisher(system.nc)
  started.defer(() => actors.close())
  const toDesk = (type: string, data: object): void => input('desk', 'team', type, data)
  const fromCase = (id: string, type: string, data: object): void => {
    const source = actorSource({ tenant: TENANT, kind: CASE_KIND, id })
    actors.publish(`act.${TENANT}.desk.team`, JSON.stringify({ type, source, data }), () => undefined)
  }
  const waits = (id: string, index: number): void => {
    const facts = { reason: 'asked_for_person', lang: LANGS[index % LANGS.length], priority: index % 10 === 0 ? 'high' : 'normal' }
    fromCase(id, 'case.waiting', {
      ...facts,
      since: new Date().toISOString(),
      summary: 'The customer wants a refund. 客户要退款。'.repeat(8),
    })
  }

  const { rounds: windows, warmUpMs } = planMeasurement(seconds)
  const warmUpCount = Math.ceil((warmUpMs / 1_000) * RATE)
  const count = warmUpCount + seconds * RATE
  const probe = createProbe(windows)
  const asked = new Map<string, { readonly atMs: number; readonly window: number; readonly index: number }>()
  let [offered, assigned, standing, again] = [0, 0, 0, 0]
  started.defer(
    await watchSubject(system.nc, `out.${TENANT}.desk.team.case.offered`, offeredSchema, ({ data }, _, atMs) => {
      toDesk('case.accepted', { case: data.case, agent: data.agent })
      if (isStanding(data.case)) return
      const one = asked.get(data.case)
      if (one === undefined) again += 1
      else {
        offered += 1
        asked.delete(data.case)
        probe.record(one.window, atMs - one.atMs)
      }
    }),
  )
  started.defer(
    await watchSubject(system.nc, `out.${TENANT}.desk.team.case.assigned`, assignedSchema, ({ data }) => {
      if (isStanding(data.case)) standing += 1
      else {
        assigned += 1
        fromCase(data.case.replace(`${CASE_KIND}/`, ''), 'case.ended', { outcome: 'resolved' })
      }
    }),
  )
  for (let index = 0; index < agents; index++) {
    toDesk('agent.online', { agent: `坐席 ${index}`, languages: index % 3 === 0 ? LANGS : [LANGS[index % 2]], capacity: CAPACITY })
  }
  for (let index = 0; index < STANDING; index++) waits(`standing${index}`, index)
  await waitUntil(
    () => standing === STANDING,
    CAUGHT_UP_MS_MAX,
    () => `${standing} of ${STANDING} standing cases have an agent`,
  )

  const idOf = (index: number): string => `case${seed}-${index}`
  const asking = setInterval(() => {
    const late = [...asked.values()].filter(({ atMs }) => performance.now() - atMs > AGAIN_MS)
    for (const { index } of late) waits(idOf(index), index)
  }, AGAIN_MS)
  started.defer(() => clearInterval(asking))
  const startedMs = performance.now()
  await openLoop({ rate: RATE, count }, (atMs, index) => {
    const id = idOf(index)
    asked.set(`${CASE_KIND}/${id}`, { atMs, index, window: Math.floor(((index - warmUpCount) / (count - warmUpCount)) * windows) })
    waits(id, index)
  })
  const tookSeconds = (performance.now() - startedMs) / 1_000
  await publisher.settled()
  await actors.settled()
  await waitUntil(
    () => offered >= count && assigned >= count,
    CAUGHT_UP_MS_MAX,
    () => `${offered} of ${count} cases were offered, ${assigned} assigned`,
  )
  const { figures, spread } = percentilesOf('offer', probe)
  return {
    figures: {
      ...figures,
      agents,
      standingCases: STANDING,
      casesPerSecond: rounded(count / tookSeconds),
      assigned,
      offeredAgain: again,
      refused: publisher.refused + actors.refused,
    },
    spread,
    notes: [
      'Open loop: an offer counts from when case.waiting was due to when a core subscription sees case.offered on its way into OUT.',
      `One desk, which is one actor: ${RATE} cases a second are three times as many inputs of it. The harness accepts each offer at once, `
        + 'and closes the case when it is assigned. All roles but embed run on the same machine as the harness.',
      'assigned: must equal the cases. offeredAgain: offers of a case that was offered before; must be 0.',
    ],
  }
}
