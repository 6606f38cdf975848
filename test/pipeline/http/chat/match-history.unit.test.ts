import { describe, expect, test } from 'vitest'
import { type GivenTurn, type KnownTurn, matchHistory } from '../../../../pipeline/http/chat/match-history.ts'

/** `text>answer` */
const given = (...turns: string[]): GivenTurn[] =>
  turns.map((turn) => {
    const [text = '', answer = ''] = turn.split('>')
    return { text, answer }
  })
/** `text>reply>reply` */
const known = (...turns: string[]): KnownTurn[] =>
  turns.map((turn) => {
    const [text = '', ...replies] = turn.split('>')
    return { text, replies }
  })

describe('of a whole conversation', () => {
  test.each<[string, string[], string[], number | undefined]>([
    ['the next message is new', ['a>1'], ['a>1', 'b'], 1],
    ['a repeated request has nothing new', ['a>1'], ['a'], 1],
    ['several new messages', ['a>1'], ['a>1', 'b', 'c'], 1],
    ['the same words again', ['好>1'], ['好>1', '好'], 1],
    ['the same words again, repeated', ['好>1', '好>2'], ['好>1', '好'], 2],
    ['whitespace and the form of characters', ['caf\u00e9  au\nlait>one  two'], [' cafe\u0301 au lait >one two', 'b'], 1],
    ['several replies joined', ['a>1>2'], ['a>1 2', 'b'], 1],
    ['some of several replies', ['a>1>2>3'], ['a>1 3', 'b'], 1],
    ['replies of which one begins like another', ['a>1>1 2'], ['a>1 2', 'b'], 1],
    ['a reply that the client never got', ['a>1', 'b'], ['a', 'b', 'c'], 2],
    ['a client that knows the end only', ['a>1', 'b>2', 'c>3'], ['c>3', 'd'], 1],
    ['a client that sends the new message only', ['a>1', 'b>2'], ['c'], 0],
    ['a client that came from elsewhere', ['c>3'], ['x>y', 'c>3', 'd'], 2],
    ['an edited answer', ['a>1'], ['a>one', 'b'], undefined],
    ['half a reply', ['a>12'], ['a>1', 'b'], undefined],
    ['an edited message', ['a>1', 'b>2'], ['a>1', 'B>2', 'c'], undefined],
    ['an answer that nobody gave', ['a>1'], ['a>1', 'b>2', 'c'], undefined],
    ['the last turns left out', ['a>1', 'b>2', 'c>3'], ['a>1', 'x'], undefined],
    ['replies in another order', ['a>1>2'], ['a>2 1', 'b'], undefined],
  ])('%s', (_, recorded, history, expected) => {
    expect(matchHistory(known(...recorded), given(...history), { isWhole: true })).toBe(expected)
  })
})

test('the history of a conversation that is not recorded is left out', () => {
  expect(matchHistory([], given('a>1', 'b>2', 'c', 'd'), { isWhole: true })).toBe(2)
  expect(matchHistory([], given('a'), { isWhole: true })).toBe(0)
})

test('of the end of a conversation, the place with the most answers in common is taken', () => {
  const end = known('yes>ok', 'yes>ok')
  expect(matchHistory(end, given('a>1', 'yes>ok', 'yes>ok', 'yes'), { isWhole: false })).toBe(3)
  expect(matchHistory(end, given('a>1', 'yes>ok', 'yes'), { isWhole: false })).toBe(3)
})

test('the last message is new where the client says so', () => {
  expect(matchHistory(known('a>1'), given('a'), { isWhole: true, isLastNew: true })).toBe(0)
  expect(matchHistory(known('a>1'), given('a>1', 'a'), { isWhole: true, isLastNew: true })).toBe(1)
})

test('replies that are all alike take no time', () => {
  const replies = Array.from({ length: 128 }, () => 'a')
  const turn = { text: 'x', answer: `${'a '.repeat(100)}b` }
  expect(matchHistory([{ text: 'x', replies }], [turn, { text: 'y', answer: '' }], { isWhole: true })).toBeUndefined()
})
