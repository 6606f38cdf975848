import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createLogTail, type LogTail, type TailListener } from '../../../pipeline/jetstream/log-tail.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { type ActorFeed, createActorFeed } from '../../../pipeline/streams/actor-feed.ts'
import type { FeedSink } from '../../../pipeline/streams/followed-stream.ts'
import { pagesAfter } from '../../../pipeline/streams/log-pages.ts'
import { ALL_OF_SEQ, eventIdOf, type Gap, placeOf } from '../../../schemas/stream-events.ts'
import { inputSubject, liveSubject } from '../../../schemas/subjects.ts'
import { relayKind, speakerKind } from '../../support/relay-kinds.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
let ids = 0
const newId = (): string => `f${++ids}`

beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind, relayKind, speakerKind], settings: { ROLES: 'host,dispatch,tasks' } })
})
afterAll(() => system.stop())

function newFeed(): ActorFeed {
  const { jetstream } = system.running
  const tail = createLogTail({ jetstream, metrics: createMetrics(), log: silent })
  const feed = createActorFeed({ jetstream, tail, log: silent })
  onTestFinished(() => {
    feed.stop()
    return tail.stop()
  })
  return feed
}

interface Got {
  readonly ids: number[]
  /** Type and text of events, in order. */
  readonly events: (readonly [string, string])[]
  readonly gaps: Gap[]
  readonly live: string[]
  opened: number | undefined
  isBusy: boolean
  room: boolean
  ready: () => void
}

function follow(feed: ActorFeed, kind: string, id: string, after?: number): Got {
  const got: Got = { ids: [], events: [], gaps: [], live: [], opened: undefined, isBusy: false, room: true, ready: () => undefined }
  const sink: FeedSink = {
    opened: (at) => (got.opened = at),
    hasRoom: () => got.room,
    take(events) {
      for (const event of events) {
        const { source, data } = JSON.parse(event.data) as { source: string; data: { text?: string; count?: number } }
        got.ids.push(event.id)
        got.events.push([`${source.split('/')[2] ?? ''} ${event.type}`, data.text ?? String(data.count)])
      }
    },
    gap(gap, at) {
      got.gaps.push(gap)
      got.ids.push(at)
    },
    live: ({ data }) => got.live.push((JSON.parse(data) as { text: string }).text),
    busy: () => (got.isBusy = true),
  }
  const following = feed.follow({ tenant: 'acme', kind, id }, after === undefined ? undefined : placeOf(after), sink)
  got.ready = following.ready
  onTestFinished(() => following.stop())
  return got
}

const opened = async (got: Got): Promise<Got> => {
  await expect.poll(() => got.opened).toBeDefined()
  return got
}

async function tell(kind: string, id: string, type: string, data: object): Promise<void> {
  const { publisher } = system.running.jetstream
  await publisher.publish(inputSubject({ tenant: 'acme', kind, id }), JSON.stringify({ type, data }))
}

const add = (id: string): Promise<void> => tell('toy', id, 'add', { by: 1 })
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => ['toy counted', String(from + i)])

test('the stream of an actor has the events of those that it follows, once, in the order of LOG, live and resumed', async () => {
  const feed = newFeed()
  const id = newId()
  await tell('speaker', id, 'say', { text: 'before' })
  const live = await opened(follow(feed, 'relay', id))
  const speaker = await opened(follow(feed, 'speaker', id))
  for (const text of ['一', '二']) await tell('relay', id, 'say', { text })
  await expect.poll(() => live.events).toHaveLength(6)
  await tell('relay', id, 'refuse', { text: 'no' })
  await expect.poll(() => live.events).toHaveLength(7)

  expect(live.ids).toEqual(live.ids.toSorted((a, b) => a - b))
  expect(new Set(live.ids).size).toBe(7)
  const of = (type: string) => live.events.filter(([name]) => name === type).map(([, text]) => text)
  expect(of('speaker said')).toEqual(['一', '二'])
  expect(of('speaker noted')).toEqual(['一', '二'])
  expect(of('relay heard')).toEqual(['一', '二'])
  expect(of('relay said')).toEqual(['no'])
  expect(speaker.events).toEqual(live.events.filter(([name]) => name.startsWith('speaker')))
  for (const [place, last] of live.ids.entries()) {
    const resumed = follow(feed, 'relay', id, last)
    await expect.poll(() => resumed.events).toEqual(live.events.slice(place + 1))
    expect(resumed.gaps).toEqual([])
  }
})

test('the records of an actor end without an error after each of them', async () => {
  const id = newId()
  for (let i = 0; i < 3; i++) await add(id)
  const got = await opened(follow(newFeed(), 'toy', id, 0))
  await expect.poll(() => got.events).toHaveLength(3)
  const read = async (after: number) => {
    const seqs: number[] = []
    for await (const { seq } of pagesAfter(system.running.jetstream, { tenant: 'acme', kind: 'toy', id }, after)) seqs.push(seq)
    return seqs
  }
  const seqs = await read(0)
  expect(seqs).toHaveLength(3)
  for (const [place, seq] of seqs.entries()) expect(await read(seq)).toEqual(seqs.slice(place + 1))
})

test('pieces of a reply come from the actor, and from those that it follows', async () => {
  const feed = newFeed()
  const id = newId()
  await tell('relay', id, 'say', { text: 'x' })
  const [relay, speaker, toy] = [follow(feed, 'relay', id, 0), follow(feed, 'speaker', id), follow(feed, 'toy', id)]
  await expect.poll(() => relay.events).toHaveLength(3)
  const say = (kind: string, text: string): void =>
    system.running.jetstream.nc.publish(
      liveSubject({ tenant: 'acme', kind, id }),
      JSON.stringify({ event: 'delta', run: 'r', attempt: 1, index: 0, text }),
    )
  await expect
    .poll(() => {
      say('speaker', 'a')
      say('relay', 'b')
      say('toy', 'c')
      return [new Set(relay.live), new Set(speaker.live), new Set(toy.live)]
    })
    .toEqual([new Set(['a', 'b']), new Set(['a']), new Set(['c'])])
})

test('a sink without room gets the rest when it has room again', async () => {
  const feed = newFeed()
  const id = newId()
  const got = await opened(follow(feed, 'toy', id))
  for (let i = 0; i < 10; i++) await add(id)
  await expect.poll(() => got.events).toEqual(upTo(1, 10))
  got.room = false
  const other = await opened(follow(feed, 'toy', id))
  for (let i = 0; i < 70; i++) await add(id)
  await expect.poll(() => other.events).toEqual(upTo(11, 80))
  expect(got.events).toHaveLength(10)
  got.room = true
  got.ready()
  await expect.poll(() => got.events).toEqual(upTo(1, 80))
  await add(id)
  await expect.poll(() => got.events).toEqual(upTo(1, 81))
})

test('a place that LOG does not have is a gap, after which the stream goes on', async () => {
  const feed = newFeed()
  const [id, other] = [newId(), newId()]
  const { jsm } = system.running.jetstream
  const live = follow(feed, 'toy', id, 0)
  for (let i = 0; i < 6; i++) {
    await add(id)
    await add(other)
  }
  await expect.poll(() => live.events).toEqual(upTo(1, 6))
  // Of both actors, so that LOG ends where it is read to end.
  const theirs = follow(feed, 'toy', other, 0)
  await expect.poll(() => theirs.events).toHaveLength(6)
  const seqs = live.ids.map((one) => placeOf(one).seq)
  const [first = 0, second = 0, third = 0, fourth = 0] = seqs
  const { last_seq: end } = (await jsm.streams.info('LOG')).state

  const ahead = await opened(follow(feed, 'toy', id, eventIdOf({ seq: end + 9, index: 1 })))
  await expect.poll(() => ahead.gaps).toEqual([{ from: end + 1, to: end + 9, reason: 'truncated' }])
  await add(id)
  await expect.poll(() => ahead.events).toEqual(upTo(7, 7))
  const foreign = follow(feed, 'toy', id, theirs.ids[4])
  await expect.poll(() => foreign.gaps.map(({ reason }) => reason)).toEqual(['unknown_id'])

  await jsm.streams.deleteMessage('LOG', third, false)
  const holed = follow(feed, 'toy', id, live.ids[0])
  await expect.poll(() => holed.events).toEqual([...upTo(2, 2), ...upTo(4, 7)])
  expect(holed.gaps).toEqual([{ from: second + 1, to: fourth - 1, reason: 'lost' }])
  const atHole = follow(feed, 'toy', id, live.ids[2])
  await expect.poll(() => atHole.events).toEqual(upTo(4, 7))
  expect(atHole.gaps).toEqual([{ from: third, to: third, reason: 'lost' }])
  // The id of a gap is one to resume after.
  const resumed = follow(feed, 'toy', id, holed.ids[1])
  await expect.poll(() => resumed.events).toEqual(upTo(4, 7))
  expect(resumed.gaps).toEqual([])

  await jsm.streams.purge('LOG', { seq: fourth })
  const trimmed = follow(feed, 'toy', id, live.ids[0])
  await expect.poll(() => trimmed.events).toEqual(upTo(4, 7))
  expect(trimmed.gaps).toEqual([{ from: first + 1, to: fourth - 1, reason: 'trimmed' }])
  const all = follow(feed, 'toy', id, 0)
  await expect.poll(() => all.events).toEqual(upTo(4, 7))
  expect(all.gaps).toEqual([{ from: 1, to: fourth - 1, reason: 'lost' }])
  expect(all.ids[0]).toBe(eventIdOf({ seq: fourth - 1, index: ALL_OF_SEQ }))
})

/** A reader of LOG that shows nothing by itself. */
function silentTail(): { tail: LogTail; listener: () => TailListener } {
  const listeners: TailListener[] = []
  const tail: LogTail = {
    run: undefined,
    position: undefined,
    listen: (one) => listeners.push(one),
    hold: () => () => undefined,
    stop: () => Promise.resolve(),
  }
  return {
    tail,
    listener() {
      const [only] = listeners
      if (only === undefined) throw new Error('nobody listens')
      return only
    },
  }
}

test('a reader that skipped records, or found LOG truncated, makes streams read what they miss, and tell what is gone', async () => {
  const { tail, listener } = silentTail()
  const feed = createActorFeed({ jetstream: system.running.jetstream, tail, log: silent })
  onTestFinished(() => feed.stop())
  const [id, idle] = [newId(), newId()]
  const [got, other] = [await opened(follow(feed, 'toy', id, 0)), await opened(follow(feed, 'toy', idle, 0))]
  const live = newFeed()
  const shown = follow(live, 'toy', id, 0)
  for (let i = 0; i < 3; i++) await add(id)
  await expect.poll(() => shown.events).toEqual(upTo(1, 3))
  expect(got.events).toEqual([])
  listener().started({ after: placeOf(shown.ids[2] ?? 0).seq, isContiguous: false, truncated: false })
  await expect.poll(() => got.events).toEqual(upTo(1, 3))

  // LOG has given the sequence of the third record to another one since.
  const after = placeOf(shown.ids[1] ?? 0).seq
  listener().started({ after, isContiguous: false, truncated: true })
  await expect.poll(() => got.events).toEqual([...upTo(1, 3), ...upTo(3, 3)])
  expect(got.gaps).toEqual([{ from: after + 1, to: placeOf(shown.ids[2] ?? 0).seq, reason: 'truncated' }])
  expect(other.gaps).toEqual([])
})
