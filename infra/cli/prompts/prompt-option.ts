import { type Command, InvalidArgumentError } from 'commander'
import type { OutgoingInput } from '../../../pipeline/producer/input-sender.ts'
import { promptAddress, type PromptName, readPrompt, type TaughtPrompt } from '../../../pipeline/prompts/prompts-reader.ts'
import { promptNameSchema } from '../../../schemas/prompt-events.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { tokenArgument } from '../arguments.ts'
import { sendInput, untilDecided } from '../send-input.ts'

export interface PromptOptions extends JsonOption {
  readonly tenant: string
}

/** Adds the flags of each command. */
export const withTenant = (command: Command, json: string): Command =>
  command.option('--tenant <tenant>', 'tenant of the prompt', tokenArgument, 'default').option(JSON_FLAG, json)

/** Parses the name of a prompt. */
export function nameArgument(text: string): string {
  const name = promptNameSchema.safeParse(text)
  if (!name.success) throw new InvalidArgumentError('It must be letters and digits, in parts that a single "-" or "_" joins; at most 32.')
  return name.data
}

/**
 * Sends an input to a prompt, and waits until it has had its effect.
 *
 * @param effect what the prompt is then; `undefined` before
 * @throws ColloquyError `prompt_not_changed`
 */
export const changePrompt = <T>(
  { out, settings }: CommandContext,
  name: PromptName,
  inputFor: (before: TaughtPrompt) => Pick<OutgoingInput, 'type' | 'data'>,
  effect: (now: TaughtPrompt, before: TaughtPrompt) => T | undefined,
): Promise<T> =>
  withJetStream(settings().settings, async (jetstream) => {
    const before = await readPrompt(jetstream, name)
    const input = inputFor(before)
    const known = effect(before, before)
    if (known !== undefined) return known
    await sendInput(jetstream.nc, { out }, promptAddress(name), { source: 'prompts', ...input })
    const notYet = { code: 'prompt_not_changed', what: `the prompt "${name.name}"`, tenant: name.tenant } as const
    return untilDecided(async () => effect(await readPrompt(jetstream, name), before), notYet)
  })

/** The version, or the built-in text. */
export const versionText = (version: number): string => (version === 0 ? 'the built-in text' : `version ${version}`)
