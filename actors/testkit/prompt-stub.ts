import type { ChosenPrompt, PromptWanted, TaskPrompts } from '../definition/task-prompts.ts'
import { type AssistantSettings, knownVariables } from '../prompting/built-in-prompts.ts'

const NOTHING: AssistantSettings = { PERSONA: '', COMPANY: '', RULES: '' }

/**
 * `promptFor` for a test that calls the `run` of a task itself: the built-in text, as for a tenant that has taught no prompt.
 *
 * @param assistant what the tenant's settings say. Default: nothing
 */
export const builtInPrompts = (assistant: Partial<AssistantSettings> = {}): TaskPrompts => ({
  promptFor: async (name: string, { builtIn, lang }: PromptWanted): Promise<ChosenPrompt> => ({
    promptVersion: `${name}@${builtIn[lang].version}`,
    template: builtIn[lang].text,
    variables: knownVariables({ ...NOTHING, ...assistant }, lang),
  }),
})
