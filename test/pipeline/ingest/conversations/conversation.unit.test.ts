import { describe, expect, test } from 'vitest'
import { type Conversation, readConversation } from '../../../../pipeline/ingest/conversations/conversation.ts'
import type { Line } from '../../../../pipeline/ingest/line-file.ts'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const line = (value: unknown): Line => ({ number: 1, bytes: Buffer.from(textOf(value)) })
const conversation = (value: unknown, mode: 'history' | 'live' = 'history'): Conversation => {
  const read = readConversation(line(value), mode)
  if (read === undefined || 'problem' in read) throw new Error(`expected a conversation, got ${JSON.stringify(read)}`)
  return read
}
const problemOf = (input: Line): string => {
  const read = readConversation(input, 'history')
  return read !== undefined && 'problem' in read ? read.problem : ''
}
const problem = (value: unknown): string => problemOf(line(value))
const imported = {
  id: 'c-1',
  lang: 'zh',
  topics: ['x'],
  turns: [
    { role: 'user', text: '你好' },
    { role: 'assistant', text: 'Hello', lang: 'en' },
    { role: 'user', text: '再见' },
  ],
}

describe('a conversation as history', () => {
  const { actorId, inputs } = conversation(imported)

  test('has one input for every turn and a final one', () => {
    expect(actorId).toBe('c-1')
    expect(inputs.map(({ type, id, source, sequence, history }) => ({ type, id, source, sequence, history }))).toEqual([
      { type: 'message.received', id: 'c-1-1', source: 'import', sequence: 1, history: true },
      { type: 'message.received', id: 'c-1-2', source: 'import', sequence: 2, history: true },
      { type: 'message.received', id: 'c-1-3', source: 'import', sequence: 3, history: true },
      { type: 'conversation.imported', id: 'imported-3', source: 'import/end', sequence: 3, history: undefined },
    ])
    expect(inputs.at(-1)?.data).toEqual({ turns: 3 })
  })

  test('keeps the role of each turn, and its language or else that of the conversation', () => {
    expect(inputs.slice(0, 2).map(({ data }) => data)).toEqual([
      { role: 'user', text: '你好', lang: 'zh' },
      { role: 'assistant', text: 'Hello', lang: 'en' },
    ])
  })
})

test('a live conversation has only the turns of users, numbered as in the file, and is not history', () => {
  const { inputs } = conversation(imported, 'live')

  expect(inputs.map(({ id, sequence, history, data }) => [id, sequence, history, data['text']])).toEqual([
    ['c-1-1', 1, undefined, '你好'],
    ['c-1-3', 3, undefined, '再见'],
  ])
})

test('an invalid line gives a problem, and a blank line is skipped', () => {
  expect(problem('garbage')).toBe('not JSON')
  expect(problemOf({ number: 1, bytes: Buffer.from([0xff, 0x22]) })).toBe('not UTF-8')
  expect(problem({ ...imported, id: '' })).toMatch(/^id: /)
  expect(problem({ ...imported, turns: [] })).toMatch(/^turns: /)
  expect(problem({ ...imported, turns: [{ role: 'robot', text: 'a' }] })).toMatch(/^turns\.0\.role: /)
  expect(problem('{"id":"a","turns":[{"role":"user","text":"\\ud800"}]}')).toContain('lone surrogate')
  const long = { role: 'user', text: 'x'.repeat(300_000) }
  expect(problem({ ...imported, turns: [...imported.turns, long] })).toMatch(/input c-1-4: it has \d+ bytes/)
  expect(readConversation(line('  \r'), 'history')).toBeUndefined()
})
