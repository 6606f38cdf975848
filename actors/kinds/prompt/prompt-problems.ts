import type { z } from 'zod'
import { PROMPT_LIMITS, type promptReleased, type PromptSet } from '../../../schemas/prompt-events.ts'
import { KNOWN_VARIABLE_NAMES } from '../../prompting/built-in-prompts.ts'
import { templateProblem } from '../../prompting/template.ts'
import type { PromptContext, PromptRelease, PromptText } from './prompt-context.ts'

/** The release after an input. A version that only some conversations got is none to fall back to. */
export const releasedBy = ({ release }: PromptContext, { version, share = 1 }: z.output<typeof promptReleased>): PromptRelease => {
  const all = allGet(release)
  if (share < 1) return { version, share, before: all }
  return { version, share, before: version === all ? release.before : all }
}

/** The version that all conversations get but those of a share. */
const allGet = ({ version, share, before }: PromptRelease): number => (share < 1 ? before : version)

/** Why a version cannot be set, in words that say what to do; `undefined` where it can. */
export function setProblem({ text, variables }: PromptSet): string | undefined {
  const { textBytesMax, variablesBytesMax, variablesMax } = PROMPT_LIMITS
  const names = Object.keys(variables)
  if (names.length > variablesMax) return `variables: ${names.length} are given; at most ${variablesMax}`
  const known = names.find((name) => KNOWN_VARIABLE_NAMES.includes(name))
  if (known !== undefined) return `variables: every prompt has ${JSON.stringify(known)} already; give another name`
  const sizes = [
    ['text', text, textBytesMax],
    ['variables', variables, variablesBytesMax],
  ] as const
  for (const [field, value, max] of sizes) {
    const bytes = Buffer.byteLength(JSON.stringify(value))
    if (bytes > max) return `${field}: takes ${bytes} bytes as JSON; at most ${max}`
  }
  const problem = templateProblem(text, [...KNOWN_VARIABLE_NAMES, ...names])
  return problem === undefined ? undefined : `text: ${problem}`
}

/** Why a version cannot be released; `undefined` where it can. */
export function releaseProblem(
  context: Pick<PromptContext, 'version' | 'release'> & { readonly texts: readonly Pick<PromptText, 'version'>[] },
  { version, share = 1 }: z.output<typeof promptReleased>,
): string | undefined {
  const { version: newest, texts, release } = context
  if (version > newest) {
    return newest === 0
      ? `version: nothing was set yet; send prompt.set first, or release version 0, the built-in text`
      : `version: there are the versions 1 to ${newest}, and 0, the built-in text; ${version} is none of them`
  }
  if (version > 0 && texts.every((one) => one.version !== version)) {
    const kept = texts.map((one) => one.version).join(', ')
    return `version: the text of version ${version} is no longer kept, only that of ${kept}; set it again, which makes a new version`
  }
  if (share === 1 || version !== allGet(release)) return undefined
  return `share: all other conversations get version ${version} already; release it with the share 1, or another version to a share`
}
