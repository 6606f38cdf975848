import { Command } from 'commander'
import type { PromptText } from '../../../actors/kinds/prompt/prompt-context.ts'
import { ANSWER_PROMPT, ANSWER_PROMPTS } from '../../../actors/prompting/built-in-prompts.ts'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import { type PromptName, readPrompt, readPromptVersion } from '../../../pipeline/prompts/prompts-reader.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { wholeNumber } from '../../app/number-arguments.ts'
import { printable } from '../../app/terminal-output.ts'
import { nameArgument, type PromptOptions, withTenant } from './prompt-option.ts'

interface Options extends PromptOptions {
  readonly at?: number
}

/** The text of a version; 0 is the built-in text. */
export async function textOfVersion(
  jetstream: JetStreamContext,
  name: PromptName,
  version: number | undefined,
): Promise<Pick<PromptText, 'version' | 'text' | 'variables' | 'note'>> {
  const wanted = version ?? (await readPrompt(jetstream, name)).version
  if (wanted > 0) return readPromptVersion(jetstream, name, wanted)
  if (name.name === ANSWER_PROMPT) return { version: 0, text: ANSWER_PROMPTS.en.text, variables: {} }
  throw new ColloquyError('no_prompt_version', `the tenant ${name.tenant} has set no prompt "${name.name}", and none is built in`)
}

export const showCommand = ({ out, settings }: CommandContext): Command =>
  withTenant(new Command('show'), 'one JSON object: {version, text, variables, note?}')
    .description('show the text of a prompt')
    .argument('<name>', 'the prompt', nameArgument)
    .option('--at <version>', 'this version; 0 is the built-in text, in English (default: the newest)', wholeNumber(0))
    .action(async (name: string, { tenant, at, json }: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const { version, text, variables, note } = await textOfVersion(jetstream, { tenant, name }, at)
        if (json) return out.json({ version, text, variables, note })
        for (const line of text.split('\n')) out.line(printable(line))
        const values = Object.entries(variables).map(([key, value]) => `${key}=${value}`)
        out.note([`${name}@${version}`, ...(note === undefined ? [] : [note]), ...values].map(printable).join('; '))
        return undefined
      })
    })
