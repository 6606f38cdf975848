import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { decide } from '../../actors/core/decide.ts'
import type { Message } from '../../actors/core/decision.ts'
import { openConversations } from '../../pipeline/ingest/conversations/conversation-file.ts'
import { importConversations } from '../../pipeline/ingest/conversations/import-conversations.ts'
import { caughtUp, type Entry, readLog, rows } from '../support/system-assertions.ts'
import { startSystem, type System } from '../support/test-system.ts'

/** Real conversations, which are not part of the project: without the folder these tests are skipped. */
const FILE = fileURLToPath(new URL('../../../shared/data/conversations.jsonl.gz', import.meta.url))

interface Conversation {
  id: string
  lang: string
  turns: { role: string; text: string }[]
}

const read = (): Conversation[] =>
  gunzipSync(readFileSync(FILE))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Conversation)

describe.skipIf(!existsSync(FILE))('real conversations (skipped where ../shared/data is not there)', () => {
  let dataDir: string
  let system: System
  let conversations: Conversation[]
  const play = async (path: string, tenant: string, mode: 'history' | 'live') =>
    importConversations((await openConversations(path)).pieces, {
      nc: system.running.jetstream.nc,
      jetstream: system.running.jetstream,
      kv: system.running.kv,
      tenant,
      kind: 'support',
      name: 'a test',
      mode,
      replyWaitMs: 20_000,
      conversationsMax: mode === 'live' ? 32 : 256,
    })

  beforeAll(async () => {
    conversations = read()
    dataDir = await mkdtemp(join(tmpdir(), 'colloquy-real-'))
    system = await startSystem({ dataDir })
  })
  afterAll(async () => {
    await system.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  const tables = async () => ({
    messages: await rows(system, 'SELECT * FROM messages ORDER BY seq, idx'),
    conversations: await rows(system, 'SELECT * FROM conversations ORDER BY tenant, actor'),
    actors: await rows(system, 'SELECT * FROM actors ORDER BY tenant, actor'),
    log: (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq,
  })

  test('every turn is in messages exactly once, in its order, with its role and language', async () => {
    expect(await play(FILE, 'history', 'history')).toMatchObject({ conversations: conversations.length, badLines: 0 })
    await caughtUp(system)
    const said = await rows<{ actor: string; role: string; text: string; lang: string }>(
      system,
      "SELECT actor, role, text, lang FROM messages WHERE tenant = 'history' ORDER BY seq, idx",
    )
    const byActor = Map.groupBy(said, (row) => row.actor)
    expect(byActor.size).toBe(conversations.length)
    for (const { id, lang, turns } of conversations) {
      expect(byActor.get(id)).toEqual(turns.map(({ role, text }) => ({ actor: id, role, text, lang })))
    }
    const counts = await rows<{ actor: string; messages: number; user_msgs: number; bot_msgs: number }>(
      system,
      "SELECT actor, messages, user_msgs, bot_msgs FROM conversations WHERE tenant = 'history'",
    )
    const turnsOf = new Map(conversations.map(({ id, turns }) => [id, turns]))
    for (const row of counts) {
      const turns = turnsOf.get(row.actor) ?? []
      const users = turns.filter((turn) => turn.role === 'user').length
      expect(row).toMatchObject({ messages: turns.length, user_msgs: users, bot_msgs: turns.length - users })
    }
  })

  test('imported again, nothing changes', async () => {
    const before = await tables()
    expect(await play(FILE, 'history', 'history')).toMatchObject({ published: 0 })
    await caughtUp(system)
    expect(await tables()).toEqual(before)
  })

  test('the users of 100 of them, live: every message is answered or escalated, every state explained by its history', async () => {
    const some = conversations.filter((_, index) => index % 11 === 0).slice(0, 100)
    const path = join(dataDir, 'live.jsonl')
    await writeFile(path, some.map((conversation) => JSON.stringify(conversation)).join('\n'))
    await play(path, 'live', 'live')
    await caughtUp(system)

    const log = (await readLog(system)).filter((entry) => entry.actor.startsWith('live/'))
    const byActor = Map.groupBy(log, (entry) => entry.actor)
    expect(byActor.size).toBe(100)
    for (const [actor, entries] of byActor) {
      expect(unanswered(entries), actor).toEqual([])
      expect(
        entries.filter((entry) => entry.record.outcome === 'rejected'),
        actor,
      ).toEqual([])
      replay(system, entries)
    }
    const users = some.flatMap((conversation) => conversation.turns.filter((turn) => turn.role === 'user')).length
    expect(await rows(system, "SELECT count() AS n FROM messages WHERE tenant = 'live' AND role = 'user'")).toEqual([{ n: users }])
  })

  test('stopped and started, nothing changes', async () => {
    const before = await tables()
    await system.stop()
    system = await startSystem({ dataDir })
    await caughtUp(system)
    expect(await tables()).toEqual(before)
  })
})

/** The users' messages that have neither a reply nor a person who takes over at or after them. */
function unanswered(entries: readonly Entry[]): string[] {
  const replied = new Set(
    entries.flatMap(({ record }) => record.emitted.filter((event) => event.type === 'message.sent').map((event) => event.data['replyTo'])),
  )
  const escalatedAt = entries.findIndex(({ record }) => record.emitted.some((event) => event.type === 'escalated'))
  return entries
    .filter(({ record }) => record.input.type === 'message.received')
    .filter(({ record }) => !replied.has(record.input.id) && escalatedAt < 0)
    .map(({ record }) => record.input.id)
}

/** G3: the recorded inputs, through the same machine, give the recorded states and effects. */
function replay({ running }: System, entries: readonly Entry[]): void {
  const [first] = entries
  if (first === undefined) return
  const [tenant = '', kind = '', id = ''] = first.actor.split('/')
  let actor: Actor = newActor({ tenant, kind, id })
  let lastSeq = 0
  for (const { seq, record } of entries) {
    const internal = record.input.source === 'colloquy'
    const { type, correlationid, traceparent, data, attributes, ...rest } = record.input
    const body = internal
      ? { type, correlationid, traceparent, ...data }
      : { ...attributes, type, data, correlationid, traceparent, ...rest }
    const message: Message = {
      seq: record.inbox.seq,
      ts: record.inbox.ts,
      payload: Buffer.from(JSON.stringify(body)),
      subject: '',
      addressable: true,
      origin: internal ? 'internal' : 'producer',
    }
    const { at, low, prev, salt = '' } = record
    const decision = decide(running.kinds, actor, message, { now: at, low, lastSeq, chain: { prev, salt } }, true)
    if (decision.kind !== 'record') throw new Error(`${first.actor}: ${JSON.stringify(decision)} instead of record ${record.n}`)
    expect(JSON.parse(JSON.stringify(decision.record))).toEqual(record)
    actor = actorAfter(actor.address, record)
    lastSeq = seq
  }
}
