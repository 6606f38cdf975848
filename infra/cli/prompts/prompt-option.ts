import { randomUUID } from 'node:crypto'
import { type Command, InvalidArgumentError } from 'commander'
import { createSender, type OutgoingInput } from '../../../pipeline/producer/input-sender.ts'
import { promptAddress, type PromptName, readPrompt, type TaughtPrompt } from '../../../pipeline/prompts/prompts-reader.ts'
import { pollUntil } from '../../../pipeline/runtime/poll-until.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { promptNameSchema } from '../../../schemas/prompt-events.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { tokenArgument } from '../arguments.ts'

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

/** How long a command waits for the decision about what it sent. */
const DECIDED_MS_MAX = 30_000

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
    const sender = createSender(jetstream.nc, { onWait: (why) => out.note(`${why}; trying again`) })
    try {
      await sender.send(promptAddress(name), { id: randomUUID(), source: 'prompts', ...input })
    } finally {
      await sender.close()
    }
    const late = AbortSignal.timeout(DECIDED_MS_MAX)
    return pollUntil(async () => effect(await readPrompt(jetstream, name), before), { signal: late }).catch((error: unknown) => {
      if (!late.aborted) throw error
      throw new ColloquyError(
        'prompt_not_changed',
        `the prompt "${name.name}" of ${name.tenant} has not changed within ${DECIDED_MS_MAX / 1_000} s; see "colloquy status" and `
          + `"colloquy dead ls --tenant ${name.tenant}"`,
      )
    })
  })

/** The version, or the built-in text. */
export const versionText = (version: number): string => (version === 0 ? 'the built-in text' : `version ${version}`)
