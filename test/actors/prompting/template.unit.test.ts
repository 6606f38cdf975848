import { expect, test } from 'vitest'
import { ANSWER_PROMPTS, KNOWN_VARIABLE_NAMES, knownVariables } from '../../../actors/prompting/built-in-prompts.ts'
import { renderTemplate, templateProblem } from '../../../actors/prompting/template.ts'

test.each([
  ['You are {{persona', 'line 1: "{{" starts a variable and must be closed by "}}"'],
  ['a\n{{persona}', 'line 2: persona has one brace too few; write {{persona}}'],
  ['{persona}}', 'line 1: persona has one brace too few'],
  ['{{persnoa}}', 'line 1: there is no variable "persnoa"; there are persona, tone. Give others in "variables"'],
  ['{{a.b}}', 'line 1: "a.b" is no name of a variable'],
  ['{{constructor}}', 'line 1: there is no variable "constructor"'],
  ['{{#each}}', 'line 1: "#each" is no name of a variable'],
  ['{{ }}', 'line 1: "{{" starts a variable'],
])('%j is refused with the place and what to do', (text, says) => {
  expect(templateProblem(text, ['persona', 'tone'])).toContain(says)
})

test('a text with JSON, single braces or no variable is a template', () => {
  for (const text of ['{"a": {"b": 1}}', 'a } b { c', '${x} <% y %>', '{{ persona }} and {{tone}}{{tone}}', '人设：{{persona}}']) {
    expect(templateProblem(text, ['persona', 'tone'])).toBeUndefined()
  }
})

test('a value goes in as it is, and is never read as a template', () => {
  expect(renderTemplate('A {{persona}} {{ tone }} $1', { persona: '{{tone}} $& $1', tone: 'warm' })).toBe('A {{tone}} $& $1 warm $1')
  expect(renderTemplate('{{toString}}x{{none}}{{{a}}}', { a: '1' })).toBe('x{1}')
})

test('a line of nothing but empty variables is left out; an empty line stays', () => {
  expect(renderTemplate('a\n{{persona}}\n\n{{tone}} {{persona}}\nb', { persona: '', tone: '' })).toBe('a\n\nb')
  expect(renderTemplate('a\n{{persona}}\nb', { persona: 'p' })).toBe('a\np\nb')
})

test.each(['en', 'zh'] as const)('the built-in prompt (%s) is a template that names no line of business', (lang) => {
  const { text, version } = ANSWER_PROMPTS[lang]
  expect(templateProblem(text, KNOWN_VARIABLE_NAMES)).toBeUndefined()
  expect(version).toMatch(/^built-in-[0-9a-f]{8}$/)
  const settings = { PERSONA: 'You are Mo.', COMPANY: 'Acme mends bicycles.', RULES: 'Never name a competitor.' }
  const rendered = renderTemplate(text, knownVariables(settings, lang))
  for (const value of Object.values(settings)) expect(rendered.split('\n')).toContain(value)
  expect(renderTemplate(text, knownVariables({ PERSONA: '', COMPANY: '', RULES: '' }, lang))).not.toMatch(/\{\{|\n\n|shop|店|undefined/)
})
