import { Command } from 'commander'
import { z } from 'zod'
import type { EarlierTurn } from '../../actors/definition/task-understanding.ts'
import { understandRemotely } from '../../pipeline/understanding/understand-client.ts'
import { roleSchema } from '../../schemas/events.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { httpAddress } from '../app/connect-to-running.ts'
import { printable } from '../app/terminal-output.ts'
import { tokenArgument } from './arguments.ts'

interface Options extends JsonOption {
  readonly tenant: string
  readonly after: readonly EarlierTurn[]
}

const turnSchema = z.tuple([roleSchema, z.string()])

/** `assistant:What is your order number?` */
function turnArgument(text: string, before: readonly EarlierTurn[]): readonly EarlierTurn[] {
  const colon = text.indexOf(':')
  const turn = turnSchema.safeParse([text.slice(0, colon), text.slice(colon + 1).trim()])
  return [...before, turn.success ? { role: turn.data[0], text: turn.data[1] } : { role: 'user', text }]
}

export const understandCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<text>', 'a message of a user')
    .option('--tenant <tenant>', 'tenant that has taught its intents', tokenArgument, 'default')
    .option(
      '--after <turn>',
      'an earlier turn, as "assistant: Which order?"; without a role it is the user’s; may be repeated',
      turnArgument,
      [],
    )
    .option(
      JSON_FLAG,
      'one JSON object: {act, intents: [{name, confidence, because}], outOfScope, entities, topic, route, lang, version, by?}',
    )
    .addHelpText(
      'after',
      `
Examples:
  colloquy understand "我想退货" --tenant demo
  colloquy understand "and to Japan?" --after "How long does shipping to Norway take?" --after "assistant: Five days."`,
    )
    .action(async (text: string, { tenant, after, json }: Options) => {
      const { settings: effective } = settings()
      const url = await httpAddress(effective)
      const found = await understandRemotely({ url, token: effective.HTTP_TOKEN }, { tenant, text, history: after })
      if (json) return out.json(found)
      const line = (name: string, value: string): void => out.line(`${name.padEnd(10)}${value}`)
      const share = (confidence: number): string => `${Math.round(confidence * 100)} %`
      line('act', `${found.act.name}  ${share(found.act.confidence)}  because: ${printable(found.act.because.join(', '))}`)
      for (const { name, confidence, because } of found.intents) {
        line('intent', `${printable(name)}  ${share(confidence)}  because: ${printable(because.join(', '))}`)
      }
      if (found.intents.length === 0) line('intents', found.outOfScope ? 'none: out of scope' : 'none taught')
      for (const { name, value, text: words } of found.entities)
        line('entity', `${printable(name)} = ${printable(value)} (${printable(words)})`)
      line('topic', printable(found.topic ?? '–'))
      line('route', printable(found.route ?? '–'))
      line('language', found.lang ?? 'unknown')
      line('version', found.version)
      if (found.by !== undefined) line('by', found.by)
      return undefined
    })
