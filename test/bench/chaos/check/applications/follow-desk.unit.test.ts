import { expect, test } from 'vitest'
import { createDesk } from '../../../../../actors/kinds/desk/desk-kind.ts'
import { createSupport } from '../../../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../../../actors/kinds/support/knowledge.ts'
import { followApplications } from '../../../../../bench/chaos/check/applications/follow-applications.ts'
import { HELPED_KIND } from '../../../../../bench/chaos/check/applications/follow-desk.ts'
import type { LogRecord } from '../../../../../schemas/record.ts'
import { createActorTown } from '../../../../support/actor-town.ts'

const DESK = 'chaos/desk/desk0'
const CASE = `chaos/${HELPED_KIND}/h1`
const START = Date.parse('2026-01-01T00:00:00Z')
const ofCase = { case: `${HELPED_KIND}/h1` }
const kinds = [createDesk(), createSupport({ name: HELPED_KIND, articles: loadArticles(), desk: { team: 'desk0' } })]

/** A case that asked for a person and has one. */
function townWithOwner() {
  const town = createActorTown(kinds)
  town.publish(DESK, 'agent.online', { agent: 'Ann' })
  town.publish(CASE, 'message.received', { role: 'user', text: '转人工' })
  town.settle()
  town.publish(DESK, 'case.accepted', { ...ofCase, agent: 'Ann' })
  town.settle()
  return town
}
type Records = readonly (readonly [actor: string, record: LogRecord])[]
const recordsOf = ({ records }: ReturnType<typeof townWithOwner>): Records =>
  [...records].flatMap(([actor, all]) => all.map((record) => [actor, record] as const))

function findingsIn(records: Records, minutes = 1): string[] {
  const found: string[] = []
  const followed = followApplications((kind, what) => void found.push(`${kind}: ${what}`))
  for (const [index, [actor, record]] of records.entries()) followed.take({ seq: index + 1, partition: 0, actor, record })
  followed.finish(START + minutes * 60_000)
  return found
}

test('finds nothing where one agent has the case, returns it, or nobody has it yet', () => {
  const town = townWithOwner()
  expect(findingsIn(recordsOf(town))).toEqual([])
  town.publish(DESK, 'case.returned', { ...ofCase, agent: 'Ann' })
  town.settle()
  expect(findingsIn(recordsOf(town))).toEqual([])
  const waiting = createActorTown(kinds)
  waiting.publish(CASE, 'message.received', { role: 'user', text: '转人工' })
  expect(findingsIn(recordsOf(waiting))).toEqual([])
  waiting.settle()
  expect(findingsIn(recordsOf(waiting))).toEqual([])
})

test('finds a case that is given twice', () => {
  const records = recordsOf(townWithOwner())
  expect(findingsIn([...records, ...records.filter(([actor, { input }]) => actor === DESK && input.type === 'case.accepted')])).toEqual([
    expect.stringContaining(`gives ${HELPED_KIND}/h1 to Ann; Ann has it`),
  ])
})

test('finds a case that nobody has, and a desk and a case that do not agree', () => {
  const records = recordsOf(townWithOwner())
  const atDesk = (type: string) => (one: Records[number]) => one[0] !== DESK || one[1].input.type !== type
  expect(findingsIn(records.filter(([actor]) => actor !== DESK))).toEqual([expect.stringContaining('and no desk has it')])
  expect(findingsIn(records.filter(atDesk('case.accepted')))).toEqual([expect.stringContaining('is with Ann; the desk says nobody')])
})

test('finds a promise that is over and of which nobody was told', () => {
  expect(findingsIn(recordsOf(townWithOwner()), 31)).toEqual([expect.stringContaining('and nobody was told')])
})
