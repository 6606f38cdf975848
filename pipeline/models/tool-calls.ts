import { jsonSchema, type ModelMessage, type ToolSet, zodSchema } from 'ai'
import type { AnsweredCall, GenerationCall, GenerationTool } from '../../actors/definition/task-generation.ts'
import { estimateTokens } from './token-estimate.ts'

/** Tools as the AI SDK describes them to a provider. They have nothing to execute, and check nothing: that is the caller's. */
export const offered = (tools: readonly GenerationTool[]): ToolSet =>
  Object.fromEntries(
    tools.map(({ name, description, args }) => [name, { description, inputSchema: jsonSchema(zodSchema(args).jsonSchema) }]),
  )

const known = new WeakMap<GenerationTool['args'], number>()

/** Estimates the tokens by which tools are described. */
export const estimateTools = (tools: readonly GenerationTool[]): number =>
  tools.reduce((sum, { name, description, args }) => {
    const form = known.get(args) ?? estimateTokens(JSON.stringify(zodSchema(args).jsonSchema))
    known.set(args, form)
    return sum + form + estimateTokens(name + description)
  }, 0)

/** A call that the SDK has read. Of one that it could not read, the arguments are the text. */
export const callOf = ({ toolName, input }: { readonly toolName: string; readonly input: unknown }): GenerationCall => ({
  name: toolName,
  args: input,
})

/** An assistant's message with its calls, and the results after it. */
export const withCalls = (content: string, calls: readonly AnsweredCall[]): ModelMessage[] => [
  {
    role: 'assistant',
    content: [
      ...(content === '' ? [] : [{ type: 'text' as const, text: content }]),
      ...calls.map(({ call, name, args }) => ({ type: 'tool-call' as const, toolCallId: call, toolName: name, input: args })),
    ],
  },
  {
    role: 'tool',
    content: calls.map(({ call, name, result }) => ({
      type: 'tool-result' as const,
      toolCallId: call,
      toolName: name,
      output: { type: 'text' as const, value: result },
    })),
  },
]
