import type { GenerationCall, GenerationTool } from '../../actors/definition/task-generation.ts'
import { jsonIn } from '../../schemas/json.ts'

/** What a text has when the calls in it are taken out. */
export interface TextWithCalls {
  readonly text: string
  readonly calls: readonly GenerationCall[]
}

/** Whether a text, as far as it is written, may turn out to be a call: what has calls is not shown. */
export const mayBeCall = (text: string): boolean => /^\s*[<{[`]|<tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>/u.test(text)

/** A call between tags, as Hermes, Qwen and SmolLM write it, or after a mark, as Mistral and Llama do. The end may be missing. */
const TAGGED = /<tool_call>(.*?)(?:<\/tool_call>|(?=<tool_call>)|$)|(?:\[TOOL_CALLS\]|<\|python_tag\|>)(.*)$/gsu
const NAME = /"name"\s*:\s*"([^"\\]{1,64})"/u

/**
 * Finds calls of tools that a model wrote as text, because its server does not know the form in which the model was taught to write them.
 * Between tags every call counts, and of one that is no JSON the arguments are the text. Without tags only JSON that is the whole text, or
 * in its first fence, and names an offered tool is a call: other JSON is an answer.
 *
 * @param text as the model wrote it, up to the tokens that it may write
 * @param tools what was offered
 */
export function callsInText(text: string, tools: readonly GenerationTool[]): TextWithCalls {
  const names = new Set(tools.map(({ name }) => name))
  const tagged = Array.from(text.matchAll(TAGGED), ([, one, other]) => one ?? other ?? '')
  if (tagged.length > 0) return { text: text.replace(TAGGED, '').trim(), calls: tagged.flatMap((written) => readCalls(written)) }
  const calls = readCalls(text, true)
  return calls.length > 0 && calls.every(({ name }) => names.has(name)) ? { text: '', calls } : { text, calls: [] }
}

/** The calls of one place; none where it names no tool. @param isStrict only valid JSON with arguments is a call */
function readCalls(written: string, isStrict = false): GenerationCall[] {
  const json = jsonIn(written.trim())
  if (json !== undefined) return (Array.isArray(json) ? json : [json]).flatMap((one: unknown) => callOf(one, isStrict))
  const [, name] = isStrict ? [] : (NAME.exec(written) ?? [])
  return name === undefined ? [] : [{ name, args: written.trim() }]
}

function callOf(value: unknown, isStrict: boolean): GenerationCall[] {
  if (!isObject(value)) return []
  if (isObject(value['function'])) return callOf(value['function'], isStrict)
  const { name, arguments: args = value['parameters'] } = value
  if (typeof name !== 'string' || name === '' || (isStrict && args === undefined)) return []
  return [{ name, args: args ?? {} }]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
