import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConversation, type Conversation } from '../../../pipeline/ingest/conversations/conversation.ts'
import { openLines, type Line } from '../../../pipeline/ingest/line-file.ts'
import { codeOf } from '../../../schemas/errors.ts'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const line = (value: unknown): Line => ({ number: 1, bytes: Buffer.from(textOf(value)) })
const conversation = (value: unknown, mode: 'history' | 'live' = 'history'): Conversation => {
  const read = readConversation(line(value), mode)
  if (read === undefined || 'problem' in read) throw new Error(`expected a conversation, got ${JSON.stringify(read)}`)
  return read
}
const problemOf = (given: Line): string => {
  const read = readConversation(given, 'history')
  return read !== undefined && 'problem' in read ? read.problem : ''
}
const problem = (value: unknown): string => problemOf(line(value))
const told = {
  id: 'c-1', lang: 'zh', topics: ['x'],
  turns: [{ role: 'user', text: '你好' }, { role: 'assistant', text: 'Hello', lang: 'en' }, { role: 'user', text: '再见' }],
}

describe('a conversation as history', () => {
  const { actorId, inputs } = conversation(told)

  test('has one input for every turn, and one that ends it', () => {
    expect(actorId).toBe('c-1')
    expect(inputs.map(({ type, id, source, sequence, history }) => ({ type, id, source, sequence, history }))).toEqual([
      { type: 'message.received', id: 'c-1-1', source: 'import', sequence: 1, history: true },
      { type: 'message.received', id: 'c-1-2', source: 'import', sequence: 2, history: true },
      { type: 'message.received', id: 'c-1-3', source: 'import', sequence: 3, history: true },
      { type: 'conversation.imported', id: 'imported-3', source: 'import/end', sequence: 3, history: undefined },
    ])
    expect(inputs.at(-1)?.data).toEqual({ turns: 3 })
  })

  test('says who spoke, in the language of the turn, else of the conversation', () => {
    expect(inputs.slice(0, 2).map(({ data }) => data)).toEqual([
      { role: 'user', text: '你好', lang: 'zh' }, { role: 'assistant', text: 'Hello', lang: 'en' },
    ])
  })
})

test('a conversation played live is what its users say, by the number of the turn, and is not history', () => {
  const { inputs } = conversation(told, 'live')

  expect(inputs.map(({ id, sequence, history, data }) => [id, sequence, history, data['text']])).toEqual([
    ['c-1-1', 1, undefined, '你好'], ['c-1-3', 3, undefined, '再见'],
  ])
})

test('a line in which anything is wrong is named with its trouble, and a blank one is passed over', () => {
  expect(problem('rubbish')).toBe('not JSON')
  expect(problemOf({ number: 1, bytes: Buffer.from([0xff, 0x22]) })).toBe('not UTF-8')
  expect(problem({ ...told, id: '' })).toMatch(/^id: /)
  expect(problem({ ...told, turns: [] })).toMatch(/^turns: /)
  expect(problem({ ...told, turns: [{ role: 'robot', text: 'a' }] })).toMatch(/^turns\.0\.role: /)
  expect(problem('{"id":"a","turns":[{"role":"user","text":"\\ud800"}]}')).toContain('lone surrogate')
  const long = { role: 'user', text: 'x'.repeat(300_000) }
  expect(problem({ ...told, turns: [...told.turns, long] })).toMatch(/input c-1-4: it has \d+ bytes/)
  expect(readConversation(line('  \r'), 'history')).toBeUndefined()
})

describe('a file of lines', () => {
  let dir: string
  beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'colloquy-lines-')) })
  afterAll(() => rm(dir, { recursive: true }))

  const linesOf = async (name: string, content: Uint8Array | string) => {
    await writeFile(join(dir, name), content)
    const file = await openLines(join(dir, name))
    const lines: { number: number; text: string; problem?: string | undefined }[] = []
    for await (const { number, bytes, problem: trouble } of file.lines) {
      lines.push({ number, text: Buffer.from(bytes).toString(), problem: trouble })
    }
    return { lines, file }
  }

  test('is read line by line, the last one with or without its end, packed or not', async () => {
    const wanted = [{ number: 1, text: 'a' }, { number: 2, text: '' }, { number: 3, text: '你'.repeat(100_000) }]
    const content = wanted.map(({ text }) => text).join('\n')

    expect((await linesOf('a.jsonl', content)).lines).toEqual(wanted)
    expect((await linesOf('b.jsonl', `${content}\n`)).lines).toEqual(wanted)
    expect((await linesOf('c.jsonl.gz', gzipSync(content))).lines).toEqual(wanted)
  })

  test('says how much of the file on the disk has been read', async () => {
    const { file } = await linesOf('d.jsonl.gz', gzipSync('a\nb\n'))

    expect(file.bytesRead()).toBe(file.bytesTotal)
  })

  test('that breaks off in the middle of its packing gives what it has, and says where', async () => {
    const whole = Array.from({ length: 5_000 }, (_, index) => `${index} ${Math.sin(index)}`).join('\n')
    const { lines } = await linesOf('e.jsonl.gz', gzipSync(whole).subarray(0, 30_000))

    expect(lines.length).toBeGreaterThan(100)
    expect(lines.at(-1)?.problem).toContain('breaks off')
    expect(lines.slice(0, -1).every(({ problem: trouble }) => trouble === undefined)).toBe(true)
  })

  test('with a line that is too long goes on after it', async () => {
    const { lines } = await linesOf('f.jsonl', `a\n${'x'.repeat(17 * 1024 * 1024)}\nb\n`)

    expect(lines.map(({ text, problem: trouble }) => trouble ?? text)).toEqual(['a', expect.stringContaining('are allowed'), 'b'])
  })

  test('that cannot be read is refused at once', async () => {
    const refusal: unknown = await openLines(join(dir, 'none')).catch((error: unknown) => error)

    expect(codeOf(refusal)).toBe('bad_file')
    expect(codeOf(await openLines(dir).catch((error: unknown) => error))).toBe('bad_file')
  })
})
