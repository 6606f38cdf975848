import { VARIABLE_NAME } from '../../schemas/prompt-events.ts'
import type { Variables } from '../definition/task-prompts.ts'

/** A placeholder. Blanks around the name do not count. */
const PLACEHOLDER = /\{\{[ \t]*([^{}\s]+)[ \t]*\}\}/g
/** Lines of nothing but placeholders. */
const PLACEHOLDERS_ONLY = /^[ \t]*(?:\{\{[^{}]*\}\}[ \t]*)+$/
/** `{name}}` and `{{name}`: a brace is missing. */
const ONE_BRACE = /(?<!\{)\{([A-Za-z]\w*)\}\}|\{\{([A-Za-z]\w*)\}(?!\})/

/**
 * Why a text is no template; `undefined` where it is one. A template is text in which `{{name}}` stands for the value of a variable; a
 * single brace is a brace. It has no conditions, loops, calls or escapes: there is nothing to execute.
 *
 * @param names the variables that there are
 */
export function templateProblem(text: string, names: readonly string[]): string | undefined {
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    const where = `line ${index + 1}`
    const [, before, after] = ONE_BRACE.exec(line) ?? []
    const half = before ?? after
    if (half !== undefined) return `${where}: ${half} has one brace too few; write {{${half}}}`
    const rest = line.replace(PLACEHOLDER, '')
    if (rest.includes('{{')) return `${where}: "{{" starts a variable and must be closed by "}}" in the same line, as in {{persona}}`
    for (const [, name = ''] of line.matchAll(PLACEHOLDER)) {
      if (!VARIABLE_NAME.test(name))
        return `${where}: ${JSON.stringify(name)} is no name of a variable: a letter, then letters, digits or "_"`
      if (!names.includes(name)) {
        return `${where}: there is no variable ${JSON.stringify(name)}; there are ${names.join(', ')}. Give others in "variables"`
      }
    }
  }
  return undefined
}

/**
 * The text of a template. A value goes in as it is and is never read as a template. A variable without a value is empty; a line of nothing
 * but empty variables is left out.
 */
export function renderTemplate(text: string, variables: Variables): string {
  const filled = (line: string): string =>
    line.replace(PLACEHOLDER, (_, name: string) => (Object.hasOwn(variables, name) ? (variables[name] ?? '') : ''))
  return text
    .split('\n')
    .flatMap((line) => {
      const rendered = filled(line)
      return rendered.trim() === '' && PLACEHOLDERS_ONLY.test(line) ? [] : [rendered]
    })
    .join('\n')
}
