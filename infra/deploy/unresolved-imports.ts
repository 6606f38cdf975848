/**
 * The sources that compiled code imports by `import()` although a package has none: TypeScript does not rewrite such an import in a
 * function with `await using`. Comments that have a line of their own do not count.
 */
export const unresolvedImports = (code: string): readonly string[] =>
  code
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/|\/?\*)/u.test(line))
    .flatMap((line) => [...line.matchAll(/\bimport\s*\(\s*['"](\.[^'"]*\.ts)['"]/gu)])
    .map(([, path = '']) => path)
