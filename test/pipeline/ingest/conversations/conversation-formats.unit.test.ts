import { describe, expect, test } from 'vitest'
import type { JsonPiece } from '../../../../pipeline/ingest/conversations/json-values.ts'
import { jsonValues } from '../../../../pipeline/ingest/conversations/json-values.ts'
import { readConversations } from '../../../../pipeline/ingest/conversations/read-conversations.ts'

const piecesOf = (text: string): AsyncGenerator<JsonPiece> =>
  jsonValues(
    (async function* () {
      yield Buffer.from(text)
    })(),
  )

async function read(...values: readonly unknown[]) {
  const found = []
  const text = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n')
  for await (const { place, conversation, problem } of readConversations(piecesOf(text))) {
    found.push(
      conversation === undefined
        ? { ...place, problem }
        : { ...place, ...conversation, said: conversation.turns.map(({ role, text: own }) => `${role}: ${own}`) },
    )
  }
  return found
}
const one = async (value: unknown) => (await read(value))[0]

describe('the format of its own', () => {
  test('has times, agents and ids of turns, and facts of the conversation', async () => {
    const found = await one({
      id: 7,
      customer: 12,
      channel: 'web',
      rating: 4,
      tags: ['late', 'vip'],
      agent: 'ann',
      created_at: '2024-03-05T09:00:00+01:00',
      topics: ['x'],
      turns: [
        { role: 'user', text: 'a', id: 't1', mood: 'good' },
        { role: 'agent', text: 'b', time: '2024-03-05t08:01:00z', agent: 'bob' },
        { role: 'agent', text: 'c' },
        { role: 'user', text: 'd', timestamp: 1_709_625_720 },
        { role: 'user', text: 'e', timestamp: 1_709_625_720_000, time: null },
      ],
    })
    expect(found).toMatchObject({
      id: '7',
      format: 'turns',
      customer: 12,
      channel: 'web',
      rating: 4,
      tags: ['late', 'vip'],
      unknown: ['topics', 'turns[].mood'],
    })
    expect(
      found && 'turns' in found && found.turns.map(({ time, at, agent, id }) => [time?.slice(11, 19), at?.slice(11, 19), agent, id]),
    ).toEqual([
      [undefined, '08:00:00', undefined, 't1'],
      ['08:01:00', '08:01:00', 'bob', undefined],
      [undefined, '08:01:00', 'ann', undefined],
      ['08:02:00', '08:02:00', undefined, undefined],
      ['08:02:00', '08:02:00', undefined, undefined],
    ])
  })

  test.each([
    [{ id: 'a', turns: [{ role: 'robot', text: 'a' }] }, /^turns\.0\.role: /],
    [{ id: 'a', turns: [{ role: 'constructor', text: 'a' }] }, /^turns\.0\.role: /],
    [{ id: 'a', turns: [{ role: 'user', text: 'a', time: 'yesterday' }] }, /^turns\.0\.time: must be a time/],
    [{ id: 'a', turns: [{ role: 'user', text: 'a', time: '1969-01-01T00:00:00Z' }] }, /^turns\.0\.time: /],
    [{ id: 'a', turns: [{ role: 'user', text: 7 }] }, /^turns\.0\.text: /],
    [
      {
        id: 'a',
        turns: [
          { role: 'user', text: 'a', id: '1' },
          { role: 'user', text: 'b', id: '1' },
        ],
      },
      /two turns have the id "1"/,
    ],
    [{ id: 'a', rating: 'good', turns: [{ role: 'user', text: 'a' }] }, /^rating: /],
    [{ id: 'a', channel: 'x'.repeat(65), turns: [{ role: 'user', text: 'a' }] }, /^channel: /],
    [{ id: 'a', turns: [] }, /^turns: /],
    [{ id: 'a' }, /^turns: missing/],
    [{ turns: [{ role: 'user', text: 'a' }] }, /^id: missing/],
    ['null', /not JSON|object/],
    ['[1, "a,b", null]', /./],
  ])('%j is refused with a reason', async (value, problem) => {
    expect(await one(value)).toMatchObject({ problem: expect.stringMatching(problem) as unknown })
  })
})

test("ChatGPT's export gives the current branch, and counts what is beside it", async () => {
  const node = (id: string, parent: string | null, role?: string, parts: unknown[] = [], more: object = {}) => ({
    id,
    parent,
    children: [],
    message:
      role === undefined
        ? null
        : { id: `m-${id}`, author: { role }, create_time: 1_709_625_600.5, content: { content_type: 'text', parts }, ...more },
  })
  const nodes = [
    node('root', null),
    node('sys', 'root', 'system', ['']),
    node('q', 'sys', 'user', ['How?', { content_type: 'image_asset_pointer' }]),
    node('old', 'q', 'assistant', ['Like that.']),
    node('tool', 'q', 'tool', ['searching']),
    node('new', 'tool', 'assistant', ['Like this.']),
    node('hidden', 'new', 'user', ['profile'], { metadata: { is_visually_hidden_from_conversation: true } }),
    node('thanks', 'hidden', 'user', ['Thanks', 'a lot']),
  ]
  const chat = {
    id: 'c',
    title: 'T',
    create_time: 1,
    mapping: Object.fromEntries(nodes.map((one_) => [one_.id, one_])),
    current_node: 'thanks',
  }
  const [found, loop] = await read([chat, { ...chat, mapping: { ...chat.mapping, root: node('root', 'thanks') } }])
  expect(found).toMatchObject({
    element: 1,
    format: 'chatgpt',
    id: 'c',
    said: ['user: How?', 'assistant: Like this.', 'user: Thanks\na lot'],
    skipped: { branches: 1, tools: 1, attachments: 1 },
    unknown: ['title'],
  })
  expect(found).toMatchObject({ turns: [{ id: 'm-q', time: '2024-03-05T08:00:00.500Z' }, {}, {}] })
  expect(loop).toMatchObject({ said: ['user: How?', 'assistant: Like this.', 'user: Thanks\na lot'] })
})

test('ShareGPT and messages of OpenAI, with and without an id, alone, in lines, in an array or in an object', async () => {
  const share = {
    id: 's',
    conversations: [
      { from: 'human', value: 'Hi' },
      { from: 'gpt', value: 'Hello' },
      { from: 'function_call', value: '{}' },
    ],
  }
  const openai = {
    messages: [
      { role: 'developer', content: 'Be kind' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: {} },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [] },
      { role: 'tool', content: '42' },
      { role: 'assistant', content: [{ type: 'output_text', text: 'It is 42' }] },
    ],
  }
  const shareRead = { format: 'sharegpt', id: 's', said: ['user: Hi', 'assistant: Hello'], skipped: { tools: 1 } }
  const openaiRead = {
    format: 'messages',
    id: expect.stringMatching(/^content-[\w-]{22}$/) as unknown,
    said: ['system: Be kind', 'user: See', 'assistant: It is 42'],
    skipped: { tools: 1, attachments: 1, empty: 1 },
    unknown: ['messages[].tool_calls'],
  }
  expect(await read(share, openai)).toMatchObject([
    { line: 1, ...shareRead },
    { line: 2, ...openaiRead },
  ])
  expect(await read([share, openai])).toMatchObject([
    { element: 1, ...shareRead },
    { element: 2, ...openaiRead },
  ])
  expect(await read({ data: [share, openai] })).toMatchObject([shareRead, openaiRead])
  expect(await read({ conversations: [share, openai] })).toMatchObject([shareRead, openaiRead])
  expect(await read(JSON.stringify(share, undefined, 2), JSON.stringify(openai, undefined, 2))).toMatchObject([shareRead, openaiRead])
  // Arrays of turns: each is one conversation.
  expect(await read(openai.messages, share.conversations)).toMatchObject([
    { line: 1, said: openaiRead.said },
    { line: 2, said: shareRead.said, format: 'sharegpt' },
  ])
  expect(await one(JSON.stringify(openai.messages, undefined, 2))).toMatchObject({ said: openaiRead.said })
})
