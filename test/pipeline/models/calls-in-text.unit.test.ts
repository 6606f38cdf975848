import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { callsInText, mayBeCall } from '../../../pipeline/models/calls-in-text.ts'

const TOOLS = [{ name: 'weather', description: 'The weather of a city', args: z.object({ city: z.string() }) }]
const read = (text: string) => callsInText(text, TOOLS)
const OSLO = { name: 'weather', args: { city: 'Oslo' } }

describe('calls that a model writes as text', () => {
  test.each([
    ['<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>'],
    ['<tool_call>[{"name": "weather", "arguments": {"city": "Oslo"}}]</tool_call>'],
    ['<tool_call>{"name": "weather", "arguments": {"city": "Oslo"}}'],
    ['[TOOL_CALLS] [{"name": "weather", "arguments": {"city": "Oslo"}}]'],
    ['<|python_tag|>{"name": "weather", "parameters": {"city": "Oslo"}}'],
    ['{"name": "weather", "parameters": {"city": "Oslo"}}'],
    ['```json\n{"name": "weather", "arguments": {"city": "Oslo"}}\n```'],
    ['{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}'],
  ])('are found: %s', (text) => {
    expect(read(text)).toEqual({ text: '', calls: [OSLO] })
    expect(mayBeCall(text.slice(0, 12))).toBe(true)
  })

  test('leave the words beside them, and may be several', () => {
    const call = '<tool_call>{"name":"weather","arguments":{"city":"奥斯陆"}}</tool_call>'
    const { text, calls } = read(`我查一下。${call}${call}`)
    expect(text).toBe('我查一下。')
    expect(calls).toEqual([
      { name: 'weather', args: { city: '奥斯陆' } },
      { name: 'weather', args: { city: '奥斯陆' } },
    ])
  })

  test('that are no JSON, or name an unknown tool, are calls between tags: the model is told what is wrong', () => {
    expect(read('<tool_call>{"name": "weather", "arguments": {"city": "Os</tool_call>').calls).toEqual([
      { name: 'weather', args: '{"name": "weather", "arguments": {"city": "Os' },
    ])
    expect(read('<tool_call>{"name": "rocket"}</tool_call>').calls).toEqual([{ name: 'rocket', args: {} }])
  })

  test.each([
    ['It is 4 degrees in Oslo.'],
    ['{"name": "Ann", "arguments": ["she said no"]}'],
    ['{"name": "weather"}'],
    ['The call is {"name": "weather", "arguments": {}}, I think.'],
    ['[1, 2, 3]'],
    ['null'],
    [''],
  ])('are not what an answer has: %s', (text) => {
    expect(read(text)).toEqual({ text, calls: [] })
  })

  test('cost little in a text of 1 MB', () => {
    expect(read(`<tool_call>${'<tool_call'.repeat(100_000)}`).calls).toEqual([])
    expect(read('{"name": '.repeat(100_000)).calls).toEqual([])
  })
})
