import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, type Kind, kindsByName, type Label, type Schemas } from '../../../actors/definition/define-kind.ts'
import { registerKinds, retireKind } from '../../../infra/app/kind-registry.ts'
import { makeTypedViews } from '../../../infra/app/make-typed-views.ts'
import { pollUntil } from '../../../pipeline/runtime/poll-until.ts'
import { caughtUp, publishAll, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

const placed = z.object({
  cents: z.int().meta({ description: 'Price in cents' }),
  weight: z.number().optional(),
  note: z.string().nullable(),
  customer: z.union([z.string(), z.int()]),
  due: z.iso.datetime({ offset: true }).optional(),
  gift: z.boolean().default(false),
  time: z.string().meta({ description: 'Named like a column of events' }),
  address: z.object({ city: z.string(), floor: z.int().optional() }),
  lines: z.array(z.object({ sku: z.string(), count: z.int() })),
  'odd name': z.string().optional(),
  extras: z.record(z.string(), z.unknown()).optional(),
})

const order = defineKind({
  name: 'order-desk',
  version: 1,
  context: z.object({
    cents: z.number().meta({ description: 'Sum of all prices' }),
    stage: z.enum(['open', 'shipped']).nullable(),
    due: z.iso.datetime({ offset: true }).nullable(),
    isGift: z.boolean(),
    orders: z.int(),
    lines: z.array(z.string()),
    long: z.string(),
  }),
  events: { 'order.placed': placed },
  emits: { 'order.noted': z.object({ total: z.number() }) },
  tasks: {},
  label: ({ stage, cents, due, lines }) => ({
    stage,
    cents,
    due,
    lines: lines.length,
    city: lines[0] ?? null,
    'odd fact': lines.length > 1,
  }),
})
const orderKind = order.with(
  setup({
    ...order.xstate,
    actions: {
      take: assign(({ context, event: { data } }) => ({
        cents: context.cents + data.cents,
        stage: 'open' as const,
        due: data.due ?? null,
        isGift: data.gift,
        orders: context.orders + 1,
        lines: [data.address.city, ...context.lines],
        long: 'x'.repeat(300),
      })),
      note: emit(({ context }) => ({ type: 'order.noted', data: { total: context.cents } })),
    },
  }).createMachine({
    context: { cents: 0, stage: null, due: null, isGift: false, orders: 0, lines: [], long: '' },
    on: { 'order.placed': { actions: ['take', 'note'] } },
  }),
)

/** A kind whose label has facts in facts, one of which it never has at first. */
const member = defineKind({
  name: 'member',
  version: 1,
  context: z.object({ plan: z.string(), n: z.int() }),
  events: { upgraded: z.object({ plan: z.string() }) },
  emits: {},
  tasks: {},
  label: ({ plan, n }): Label => {
    const nested: object = { plan: { name: plan, price: { cents: 5 } }, tags: [plan], later: n === 7 ? { name: plan } : null }
    return nested as Label
  },
})
const memberKind = member.with(
  setup({ ...member.xstate, actions: { take: assign(({ event: { data } }) => ({ plan: data.plan, n: 7 })) } }).createMachine({
    context: { plan: 'free', n: 0 },
    on: { upgraded: { actions: 'take' } },
  }),
)

/** A kind that does nothing. */
const idle = (name: string, events: Schemas, version = 1): Kind => {
  const kind = defineKind({ name, version, context: z.object({}), events, emits: {}, tasks: {}, migrate: {} })
  return kind.with(setup(kind.xstate).createMachine({ context: {} }))
}
const x = z.object({ x: z.number() })

const control = String.fromCharCode(10)
/** Fields whose names are hard for ClickHouse, and an object and a list with nothing else. */
const odd = defineKind({
  name: 'odd',
  version: 1,
  context: z.object({ '': z.string(), fine: z.string() }),
  events: {
    named: z.object({
      '': z.int(),
      fine: z.int(),
      [control]: z.int(),
      ['\u0000']: z.int(),
      ['\ud800']: z.int().optional(),
      ['x'.repeat(300)]: z.int(),
      名字: z.string(),
      价格: z.number(),
      'p.q': z.int(),
      p: z.object({ q: z.int() }).optional(),
      '1': z.int(),
      null: z.int(),
      size0: z.int(),
      "it's": z.int(),
      '\\': z.int(),
      '`': z.int(),
      '%s {x:Int8}': z.int(),
      object: z.object({ '': z.int() }),
      list: z.array(z.object({ '': z.int(), fine: z.int() })),
      empties: z.array(z.object({ '': z.int() })),
      nothing: z.null(),
      big: z.literal(3),
    }),
  },
  emits: {},
  tasks: {},
  label: ({ fine }) => ({ '': 1, fine: 'x', late: fine === 'b' ? null : fine }),
})
const oddKind = odd.with(setup(odd.xstate).createMachine({ context: { '': 'a', fine: 'b' } }))

let system: System
beforeAll(async () => {
  const kinds = [
    oddKind,
    memberKind,
    orderKind,
    idle('a', { 'b.c': x, rows: x }),
    idle('a_b', { c: x }),
    idle('memory', { said: x }),
    idle('events', { rows: x }),
  ]
  system = await startSystem({ kinds })
  const at = '2026-11-20T10:00:00.000Z'
  const base = { note: null, time: 'noon', address: { city: 'Ulm', floor: 3 }, lines: [{ sku: 's1', count: 2 }] }
  const send = (actor: string, id: string, data: unknown, tenant = 'acme') => ({
    subject: `in.${tenant}.order-desk.${actor}`,
    body: { type: 'order.placed', id, time: at, source: 'web', data },
  })
  await publishAll(system, [
    send('o1', '1', { ...base, cents: 150, weight: 1.5, customer: 'ann', due: '2026-12-01T10:00:00+02:00', gift: true, 'odd name': 'odd' }),
    send('o1', '2', { ...base, cents: 250, weight: 2, customer: 17, extras: { a: { b: [1] } } }),
    send('o2', '3', { ...base, cents: 100, customer: 'bob', address: { city: 'Bonn' }, lines: [] }, 'zeta'),
    send('o2', '4', { cents: 'many' }, 'zeta'),
  ])
  await caughtUp(system)
})
afterAll(() => system.stop())

const columnsOf = (view: string) =>
  rows<{ name: string; type: string; comment: string }>(
    system,
    `SELECT name, type, comment FROM system.columns WHERE database = currentDatabase() AND table = '${view}' ORDER BY position`,
  )
const viewNames = async (like: string): Promise<string[]> =>
  (
    await rows<{ name: string }>(
      system,
      `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' AND match(name, '${like}') ORDER BY name`,
    )
  ).map(({ name }) => name)

/** As the user `analyst` asks, through the proxy. */
async function asAnalyst(query: string): Promise<unknown[]> {
  const answer = await fetch(`${system.running.clickhouse?.url}/?user=analyst&output_format_json_quote_64bit_integers=0`, {
    method: 'POST',
    body: `${query} FORMAT JSONEachRow`,
  })
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}

test('a view of events has the fields of their data as typed columns, with the descriptions of the schema', async () => {
  const columns = new Map((await columnsOf('order_desk_order_placed')).map(({ name, type, comment }) => [name, { type, comment }]))
  expect(columns.get('tenant')).toMatchObject({ type: 'LowCardinality(String)' })
  expect(columns.get('cents')).toEqual({ type: 'Nullable(Int64)', comment: 'Price in cents (data.cents)' })
  const types = Object.fromEntries([...columns].map(([name, { type }]) => [name, type]))
  expect(types).toMatchObject({
    weight: 'Nullable(Float64)',
    note: 'Nullable(String)',
    customer: 'Nullable(String)',
    due: "Nullable(DateTime64(3, 'UTC'))",
    gift: 'Nullable(Bool)',
    address_city: 'Nullable(String)',
    address_floor: 'Nullable(Int64)',
    lines: 'Array(Tuple(sku Nullable(String), count Nullable(Int64)))',
    odd_name: 'Nullable(String)',
    extras: 'Nullable(String)',
    // The column of that name is the time of the event.
    time: "DateTime64(3, 'UTC')",
    data_time: 'Nullable(String)',
    data_raw: 'String',
  })
})

test('a view of events has the values of accepted events', async () => {
  const found = await asAnalyst(
    `SELECT tenant, actor, cents, weight, note, customer, due, gift, address_city, address_floor, lines, odd_name, extras, data_time
     FROM order_desk_order_placed ORDER BY actor, seq`,
  )
  const base = { tenant: 'acme', actor: 'o1', note: null, address_city: 'Ulm', address_floor: 3, data_time: 'noon' }
  const line = { sku: 's1', count: 2 }
  const first = { weight: 1.5, customer: 'ann', due: '2026-12-01 08:00:00.000', gift: true, odd_name: 'odd', extras: null }
  const second = { weight: 2, customer: '17', due: null, gift: null, odd_name: null, extras: '{"a":{"b":[1]}}' }
  expect(found).toMatchObject([
    { ...base, ...first, cents: 150, lines: [line] },
    { ...base, ...second, cents: 250, lines: [line] },
    { ...base, tenant: 'zeta', actor: 'o2', cents: 100, customer: 'bob', address_city: 'Bonn', address_floor: null, lines: [] },
  ])
})

test('fields of data and label work in groups and averages without casts', async () => {
  expect(
    await asAnalyst(
      `SELECT data.address.city AS city, avg(data.weight) AS weight, sum(data.cents) AS cents, max(data.due) AS due
       FROM order_desk_order_placed GROUP BY data.address.city ORDER BY data.address.city`,
    ),
  ).toEqual([
    { city: 'Bonn', weight: null, cents: 100, due: null },
    { city: 'Ulm', weight: 1.75, cents: 400, due: '2026-12-01 08:00:00.000' },
  ])
  expect(await asAnalyst('SELECT label.stage AS stage, avg(label.cents) AS cents FROM order_desk_actors GROUP BY label.stage')).toEqual([
    { stage: 'open', cents: 250 },
  ])
  // Without a kind a path has no type of its own: it can be grouped, and a number needs its type.
  expect(
    await asAnalyst(
      `SELECT label.stage AS stage, avg(label.cents.:Int64) AS cents FROM actors WHERE kind = 'order-desk'
       GROUP BY label.stage ORDER BY label.stage`,
    ),
  ).toEqual([{ stage: 'open', cents: 250 }])
})

test('a view of actors has facts of the label and of the context as typed columns', async () => {
  const columns = new Map((await columnsOf('order_desk_actors')).map(({ name, type, comment }) => [name, { type, comment }]))
  expect(columns.get('cents')).toEqual({ type: 'Nullable(Float64)', comment: 'Sum of all prices (label.cents)' })
  expect([...columns.keys()]).not.toContain('context_cents')
  expect(columns.get('due')?.type).toBe("Nullable(DateTime64(3, 'UTC'))")
  const found = await asAnalyst(
    `SELECT tenant, actor, state, stage, cents, lines, city, odd_fact, isGift, orders, long, context.orders AS inner, label_raw
     FROM order_desk_actors ORDER BY actor`,
  )
  const label = (more: object): string => JSON.stringify({ stage: 'open', ...more })
  const common = { state: '', stage: 'open', isGift: false, long: null }
  expect(found).toMatchObject([
    {
      ...common,
      actor: 'o1',
      cents: 400,
      lines: 2,
      city: 'Ulm',
      odd_fact: true,
      orders: 2,
      inner: 2,
      label_raw: label({ cents: 400, due: null, lines: 2, city: 'Ulm', 'odd fact': true }),
    },
    { ...common, tenant: 'zeta', actor: 'o2', cents: 100, lines: 1, city: 'Bonn', odd_fact: false, orders: 1, inner: 1 },
  ])
  expect(await tablesBesideLog(system)).toEqual([])
})

test('views of an emitted event exist too, and two names that would be equal are told apart', async () => {
  expect(await asAnalyst('SELECT max(total) AS total FROM order_desk_order_noted')).toEqual([{ total: 400 }])
  expect(await viewNames('a_b_c')).toEqual([expect.stringMatching(/^kind_a_b_c_[0-9a-f]{8}$/), expect.stringMatching(/^kind_a_b_c_/)])
  expect(await viewNames('^a_rows$')).toEqual(['a_rows'])
  // These would replace a table, or be closed.
  expect(await viewNames('events_rows')).toEqual([expect.stringMatching(/^kind_events_rows_/)])
  expect(await viewNames('memory_said')).toEqual([expect.stringMatching(/^kind_memory_said_/)])
  expect(await asAnalyst(`SELECT count() AS n FROM ${(await viewNames('memory_said'))[0]}`)).toEqual([{ n: 0 }])
})

test('facts within facts of a label are columns, and a fact of another shape is JSON text, never a wrong NULL', async () => {
  await publishAll(system, [{ subject: 'in.acme.member.m1', body: { type: 'upgraded', id: '1', data: { plan: 'gold' } } }])
  await caughtUp(system)
  const types = Object.fromEntries((await columnsOf('member_actors')).map(({ name, type }) => [name, type]))
  expect(types).toMatchObject({ plan_name: 'Nullable(String)', plan_price_cents: 'Nullable(Float64)', tags: 'Nullable(String)' })
  const query = `SELECT plan_name, plan_price_cents, label.plan.name AS plan, label.plan.price.cents AS cents, tags, later, label.later AS l
    FROM member_actors`
  const later = '{"name":"gold"}'
  expect(await asAnalyst(query)).toEqual([
    { plan_name: 'gold', plan_price_cents: 5, plan: 'gold', cents: 5, tags: '["gold"]', later, l: later },
  ])
  expect(await asAnalyst('SELECT label.plan.name AS plan, count() AS n FROM member_actors GROUP BY label.plan.name')).toEqual([
    { plan: 'gold', n: 1 },
  ])
})

/** Fields of the kind `odd` whose names need quoting or have no letters. */
const ODD_NAMES = { '1': 1, null: 1, size0: 2, "it's": 3, '\\': 4, '`': 5, '%s {x:Int8}': 6 }

test('a field whose name ClickHouse cannot have is in data_raw only, and all others are columns', async () => {
  const names = (await columnsOf('odd_named')).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['fine', '名字', '价格', 'p_q', 'size0', 'it_s', 'object', 'list', 'data']))
  const base = { fine: 7, 价格: 2.5, 名字: '壶', ...ODD_NAMES, nothing: null, big: 3 }
  const data = {
    ...base,
    '': 9,
    [control]: 1,
    ['\u0000']: 1,
    ['x'.repeat(300)]: 1,
    object: { '': 1 },
    list: [{ '': 1, fine: 8 }],
    empties: [{ '': 1 }],
  }
  await publishAll(system, [{ subject: 'in.acme.odd.o1', body: { type: 'named', id: '1', data: { ...data, 'p.q': 9 } } }])
  await caughtUp(system)
  const query = `SELECT fine, \`名字\`, \`价格\`, data.\`价格\` AS price, data.\`p.q\` AS pq, object, list, empties,
    nothing, big, data_error FROM odd_named`
  expect(await asAnalyst(query)).toEqual([
    {
      ...{ fine: 7, 名字: '壶', 价格: 2.5, price: 2.5, pq: 9, object: '{"":1}', list: [{ fine: 8 }], empties: '[{"":1}]' },
      ...{ nothing: null, big: 3, data_error: null },
    },
  ])
  expect(await asAnalyst('SELECT fine, label.fine AS same FROM odd_actors')).toEqual([{ fine: 'x', same: 'x' }])
})

test('all fields of an event with data_error are NULL, or empty lists', async () => {
  const data = { fine: 7, 名字: '壶', 价格: 2.5, 'p.q': 9, p: { q: 10 }, ...ODD_NAMES }
  const more = { '': 9, [control]: 1, ['\u0000']: 1, ['x'.repeat(300)]: 1, object: { '': 1 }, list: [{ '': 1, fine: 8 }] }
  const body = { type: 'named', id: '2', data: { ...data, ...more, empties: [{ '': 1 }], nothing: null, big: 3 } }
  await publishAll(system, [{ subject: 'in.acme.odd.o2', body }])
  await caughtUp(system)
  const [found] = (await asAnalyst("SELECT * EXCEPT data, data FROM odd_named WHERE actor = 'o2'")) as Record<string, unknown>[]
  const { data: typed, ...row } = found ?? {}
  expect(row['data_error']).toEqual(expect.any(String))
  const own = ['fine', '名字', '价格', 'p_q', 'size0', 'object', 'list', 'empties', 'nothing', 'big'].map((name) => [name, row[name]])
  expect(own).toEqual(own.map(([name]) => [name, name === 'list' ? [] : null]))
  expect(JSON.stringify(typed)).not.toMatch(/:(?:\d|")/)
})

test('a view that ClickHouse refuses is logged, stays as it was, and stops neither the start nor the other views', async () => {
  const { kv, client } = system.running
  if (client === undefined) throw new Error('no client')
  await client.command({ query: "ALTER TABLE order_desk_actors MODIFY COMMENT 'Typed view of kind order-desk: older'" })
  const command: typeof client.command = (params) =>
    client.command(/VIEW order_desk_actors /.test(params.query) ? { query: `${params.query} nonsense` } : params)
  const refusing = Object.assign(Object.create(client) as typeof client, { command })
  await client.command({ query: 'DROP VIEW order_desk_order_noted' })
  const lines: { view?: string; kind?: string; reason?: string }[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line) as object) })
  await makeTypedViews({ clickhouse: refusing, kv, log })
  expect(lines).toMatchObject([
    { view: 'order_desk_actors', kind: 'order-desk', reason: expect.stringContaining('Syntax error') as string },
  ])
  expect(await viewNames('^order_desk_order_noted$')).toHaveLength(1)
  expect(await asAnalyst('SELECT count() AS n FROM order_desk_actors')).toEqual([{ n: 2 }])
  await makeTypedViews({ clickhouse: client, kv, log })
  expect(lines).toHaveLength(1)
})

test('the views follow the kinds that are registered and retired while the tables run', async () => {
  const { kv, jetstream } = system.running
  const deps = { kv, jetstream, log: silent, now: () => new Date().toISOString() }
  const known = [...system.running.kinds.values()]
  const fieldsOf = async (view: string): Promise<string[]> => (await columnsOf(view)).map(({ name }) => name)
  await registerKinds(deps, kindsByName([...known, idle('late', { said: x })]))
  await pollUntil(async () => (await fieldsOf('late_said')).includes('x') || undefined)
  await registerKinds(deps, kindsByName([...known, idle('late', { said: z.object({ y: z.string() }), asked: x }, 2)]))
  await pollUntil(async () => ((await fieldsOf('late_said')).includes('y') && (await viewNames('^late_')).length === 3) || undefined)
  await retireKind(kv, 'late')
  await pollUntil(async () => (await viewNames('^late_')).length === 0 || undefined)
  expect(await viewNames('^order_desk_')).toHaveLength(3)
})
