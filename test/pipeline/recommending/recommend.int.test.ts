import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ITEMS_MAX } from '../../../actors/recommending/item-index.ts'
import { followIndex } from '../../../pipeline/recommending/index-follower.ts'
import { openSavedIndexes } from '../../../pipeline/recommending/saved-indexes.ts'
import { cliJson } from '../../support/run-cli.ts'
import { type Entry, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const settings = { ROLES: 'host,dispatch,tasks,project' }
const WAIT = { timeout: 30_000, interval: 50 }
const ITEMS = ['tea-1', 'tea-2', 'tea-3', 'pot-1', 'pot-2', 'lamp-1']
let system: System
let dataDir: string
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, settings })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const item = (id: string, type: string, data: object) => ({ subject: `in.acme.item.${id}`, body: { type, data } })
const does = (visitor: string, type: string, data: object, id?: string) => ({
  subject: `in.acme.interest.${visitor}`,
  body: { type, data, ...(id !== undefined && { id }) },
})
const publish = (...messages: Parameters<typeof publishAll>[1][number][]): Promise<number[]> => publishAll(system, messages)

interface GivenData {
  readonly replyTo: string
  readonly items: readonly { readonly item: string; readonly score: number; readonly why?: object }[]
  readonly strategy?: string
  readonly indexSeq?: number
  readonly problem?: string
}
const emittedOf = (entries: readonly Entry[], type: string): Record<string, unknown>[] =>
  entries.flatMap(({ record }) => record.emitted.filter((event) => event.type === type).map(({ data }) => data))
const given = async (replyTo: string): Promise<GivenData[]> =>
  emittedOf(await readLog(system), 'recommendations.given')
    .map((data) => data as unknown as GivenData)
    .filter((data) => data.replyTo === replyTo)
const ask = async (visitor: string, id: string): Promise<{ items: readonly string[]; indexSeq: number }> => {
  await publish(does(visitor, 'recommendations.asked', { count: 5 }, id))
  await expect.poll(() => given(id), WAIT).toHaveLength(1)
  const [list] = await given(id)
  expect(list?.problem).toBeUndefined()
  return { items: list?.items.map((one) => one.item) ?? [], indexSeq: list?.indexSeq ?? 0 }
}
const listFor = async (visitor: string, id: string): Promise<readonly string[]> => (await ask(visitor, id)).items
/** The LOG sequence of an input, as soon as it has a record. */
const recordOf = async (id: string): Promise<number> => {
  const find = async (): Promise<Entry | undefined> => (await readLog(system)).find(({ record }) => record.input.id === id)
  await expect.poll(find, WAIT).toBeDefined()
  return (await find())?.seq ?? 0
}

describe('recommendations on real servers', () => {
  test('come from what visitors had together, say why, and end with a withdrawal or a purchase', async () => {
    await publish(
      ...ITEMS.map((id) => item(id, 'item.offered', { title: `The ${id}`, topics: [id.slice(0, -2)], price: 9 })),
      ...['v1', 'v2', 'v3'].flatMap((visitor) =>
        ['tea-1', 'pot-1'].map((id) => does(visitor, 'item.liked', { item: id }, `${visitor}-${id}`)),
      ),
      does('v9', 'item.browsed', { item: 'tea-1' }),
    )
    await expect.poll(async () => emittedOf(await readLog(system), 'items.paired').length, WAIT).toBe(3)
    await expect.poll(() => listFor('v9', `q-${performance.now()}`), WAIT).toContain('pot-1')
    const first = await listFor('v9', 'q-first')
    expect(first[0]).toBe('pot-1')
    const [list] = await given('q-first')
    expect(list?.strategy).toBe('fused')
    expect(list?.items[0]).toMatchObject({ item: 'pot-1', why: { by: 'together', of: 'tea-1' } })

    await publish(item('pot-1', 'item.withdrawn', {}))
    await expect.poll(() => listFor('v9', `q-${performance.now()}`), WAIT).not.toContain('pot-1')
    await publish(does('v9', 'item.bought', { item: 'tea-2' }))
    expect(await listFor('v9', 'q-bought')).not.toContain('tea-2')
  })

  test('never hold what was withdrawn or bought once LOG has it, also where the list was kept', async () => {
    const cups = ['cup-1', 'cup-2', 'cup-3', 'cup-4']
    await publish(
      ...cups.map((id) => item(id, 'item.offered', { title: id, topics: ['cup'] })),
      does('v-kept', 'item.liked', { item: 'cup-1', topics: ['cup'] }),
    )
    let asked = 0
    const askUntilKept = async (): Promise<readonly string[]> => {
      let before = await ask('v-kept', `kept-${asked++}`)
      const isKept = async (): Promise<boolean> => {
        const list = await ask('v-kept', `kept-${asked++}`)
        const isSame = list.indexSeq === before.indexSeq
        before = list
        return isSame
      }
      // The question is a record of the index: only a list that was kept has the sequence of the one before.
      await expect.poll(isKept, WAIT).toBe(true)
      return before.items
    }
    const [withdrawn = ''] = await askUntilKept()
    await publish({ subject: `in.acme.item.${withdrawn}`, body: { type: 'item.withdrawn', data: {}, id: 'withdraws' } })
    const withdrawnSeq = await recordOf('withdraws')
    const after = await ask('v-kept', 'q-withdrawn')
    expect(after.items).not.toContain(withdrawn)
    expect(after.indexSeq).toBeGreaterThan(withdrawnSeq)

    const [bought = ''] = await askUntilKept()
    await publish(does('v-kept', 'item.bought', { item: bought }, 'buys'))
    await recordOf('buys')
    const left = await listFor('v-kept', 'q-bought-kept')
    expect(left).not.toContain(bought)
    expect(left).not.toContain(withdrawn)
    expect(left.length).toBeGreaterThan(0)
  })

  test('hold what their own tenant offers, and nothing else', async () => {
    const inTenant = (tenant: string, subject: string, type: string, data: object, id?: string) => ({
      subject: `in.${tenant}.${subject}`,
      body: { type, data, ...(id !== undefined && { id }) },
    })
    const listOf = async (id: string): Promise<readonly string[] | undefined> => (await given(id))[0]?.items.map((one) => one.item)
    await publish(inTenant('tea-house', 'item.oolong', 'item.offered', { title: '岩骨乌龙', topics: ['茶', 'tea'] }, 'offers'))
    await recordOf('offers')
    await publish(
      inTenant('tea-house', 'interest.v1', 'recommendations.asked', {}, 'q-offering'),
      inTenant('lamp-shop', 'interest.v1', 'item.liked', { item: 'oolong', topics: ['tea'] }),
      inTenant('lamp-shop', 'interest.v1', 'recommendations.asked', {}, 'q-offering-nothing'),
    )
    await expect.poll(() => listOf('q-offering'), WAIT).toEqual(['oolong'])
    await expect.poll(() => listOf('q-offering-nothing'), WAIT).toEqual([])
  })

  test('are attributed: a click and a purchase name the list, in a table of their own', async () => {
    const [shown = ''] = await listFor('v9', 'q-click')
    await publish(does('v9', 'item.clicked', { item: shown, list: 'q-click' }), does('v9', 'item.bought', { item: shown }))
    const actions = (): Promise<unknown[]> =>
      rows(system, "SELECT action, item, rank, strategy FROM recommendations WHERE list = 'q-click' AND rank = 1 ORDER BY seq, idx")
    await expect
      .poll(actions, WAIT)
      .toEqual(['shown', 'clicked', 'bought'].map((action) => ({ action, item: shown, rank: 1, strategy: 'fused' })))
    const pairs = await rows(system, "SELECT other, sum(weight) AS weight FROM item_pairs WHERE item = 'pot-1' GROUP BY other")
    expect(pairs).toEqual([{ other: 'tea-1', weight: 3 }])
    expect(await tablesBesideLog(system)).toEqual([])
  })

  test('move with a visitor who signs in', async () => {
    await publish(does('guest', 'item.liked', { item: 'lamp-1' }), does('guest', 'visitor.signed_in', { as: 'member' }))
    const lastOf = async (actor: string) => (await readLog(system)).findLast((entry) => entry.actor === actor)?.record
    await expect
      .poll(async () => (await lastOf('acme/interest/member'))?.state?.context['recent'], WAIT)
      .toEqual([['lamp-1', expect.any(Number), expect.any(Number)]])
    expect((await lastOf('acme/interest/guest'))?.state?.context['recent']).toEqual([])
  })

  test('are made again exactly by a back-test, which compares strategies without looking ahead', async () => {
    const [result] = await cliJson<{
      lists: number
      same: number
      judged: number
      differing: number[]
      strategies: { strategy: string }[]
    }>(['backtest', 'interest', '--tenant', 'acme', '--strategy', 'fused,popular'], { dataDir, settings })
    expect(result?.lists).toBeGreaterThanOrEqual(4)
    expect(result).toMatchObject({ same: result?.lists, differing: [], strategies: [{ strategy: 'fused' }, { strategy: 'popular' }] })
    expect(result?.judged).toBeGreaterThan(0)
  })

  test('a saved index continues where it ended, and equals one that is read from the start', async () => {
    const { jetstream } = system.running
    const saved = await openSavedIndexes(jetstream, 1)
    const name = { tenant: 'acme', visitors: 'interest', items: 'item' }
    const options = { jetstream, name, catalogue: [], log: silent }
    const first = followIndex({ ...options, saved, saveEvery: 5 })
    await first.ready
    first.stop()
    const loaded = await saved.load(name, [])
    expect(loaded?.place.seq).toBeGreaterThan(0)
    const second = followIndex({ ...options, saved })
    await second.ready
    second.stop()
    const [whole, resumed] = [first.current(), second.current()]
    expect(resumed?.seq).toBe(whole?.seq)
    expect(resumed?.savedItems(0, ITEMS_MAX)).toEqual(whole?.savedItems(0, ITEMS_MAX))
    expect(resumed?.state().popularity).toEqual(whole?.state().popularity)
  })
})
