// Owns how a rule sees the repository: files as path and text, parsed at most once.
// Never reads the disk: a rule is a pure function, so that a test can feed it a bad file.

import { posix } from 'node:path'
import ts from 'typescript'

export interface File {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  /** Empty for files that no rule looks into. */
  readonly text: string
}

export interface Violation {
  readonly path: string
  readonly line: number
  /** What is wrong, and what to do instead. */
  readonly message: string
}

export interface Rule {
  /** A fact about the repository: the title of its test. */
  readonly name: string
  check(files: readonly File[]): Iterable<Violation>
}

/** A rule that looks at one code file at a time. */
export function fileRule(
  name: string,
  applies: RegExp,
  check: (file: File) => Iterable<Omit<Violation, 'path'>>,
): Rule {
  return {
    name,
    *check(files) {
      for (const file of files) {
        if (!isCode(file.path) || !applies.test(file.path)) continue
        for (const { line, message } of check(file)) yield { path: file.path, line, message }
      }
    },
  }
}

export function isCode(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path)
}

const parsed = new WeakMap<File, ts.SourceFile>()

export function ast(file: File): ts.SourceFile {
  let source = parsed.get(file)
  if (!source) {
    source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
    parsed.set(file, source)
  }
  return source
}

export function lineAt(file: File, position: number): number {
  return ast(file).getLineAndCharacterOfPosition(position).line + 1
}

export function lineOf(file: File, node: ts.Node): number {
  return lineAt(file, node.getStart(ast(file)))
}

/** Every node, parents before children. */
export function* nodes(root: ts.Node): Generator<ts.Node> {
  const stack: ts.Node[] = [root]
  for (let node = stack.pop(); node; node = stack.pop()) {
    yield node
    const children: ts.Node[] = []
    ts.forEachChild(node, (child) => {
      children.push(child)
    })
    stack.push(...children.reverse())
  }
}

/** Every comment once, in order. */
export function comments(file: File): { text: string; line: number }[] {
  const source = ast(file)
  const found = new Map<number, ts.CommentRange>()
  const collect = (node: ts.Node) => {
    const ranges = [
      ...(ts.getLeadingCommentRanges(file.text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(file.text, node.end) ?? []),
    ]
    for (const range of ranges) found.set(range.pos, range)
    // Tokens too: a comment before a closing brace belongs to no other node. Inside a template
    // `/*` is text, so its literal parts are not looked at.
    for (const child of node.getChildren(source)) {
      if (!isText(child)) collect(child)
    }
  }
  collect(source)
  return [...found.values()]
    .sort((a, b) => a.pos - b.pos)
    .map(({ pos, end }) => ({ text: file.text.slice(pos, end), line: lineAt(file, pos) }))
}

function isText(node: ts.Node): boolean {
  return ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isJSDoc(node)
}

export interface Import {
  readonly specifier: string
  readonly line: number
  readonly typeOnly: boolean
  /** The file meant, or undefined for a package. Our own name means our own entry. */
  readonly target: string | undefined
}

const importsOf = new WeakMap<File, readonly Import[]>()

/** Static, dynamic, re-exporting and type imports alike. */
export function imports(file: File): readonly Import[] {
  let found = importsOf.get(file)
  if (!found) {
    found = [...nodes(ast(file))].flatMap((node) => {
      const wanted = importedBy(node)
      if (!wanted) return []
      const target = resolve(file.path, wanted.specifier)
      return [{ ...wanted, line: lineOf(file, node), target }]
    })
    importsOf.set(file, found)
  }
  return found
}

function importedBy(node: ts.Node): { specifier: string; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) return named(node.moduleSpecifier, isTypeClause(node))
  if (ts.isExportDeclaration(node)) {
    const { exportClause: clause } = node
    const all = clause && ts.isNamedExports(clause) ? clause.elements : undefined
    const typeOnly = node.isTypeOnly || (all?.every((one) => one.isTypeOnly) ?? false)
    return named(node.moduleSpecifier, typeOnly)
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return named(node.argument.literal, true)
  }
  if (ts.isExternalModuleReference(node)) return named(node.expression, false)
  if (!ts.isCallExpression(node)) return undefined
  const { expression } = node
  const loads =
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require')
  return loads ? named(node.arguments[0], false) : undefined
}

function named(node: ts.Node | undefined, typeOnly: boolean) {
  return node && ts.isStringLiteralLike(node) ? { specifier: node.text, typeOnly } : undefined
}

function isTypeClause({ importClause: clause }: ts.ImportDeclaration): boolean {
  if (!clause) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const bindings = clause.namedBindings
  if (clause.name || !bindings || !ts.isNamedImports(bindings)) return false
  return bindings.elements.length > 0 && bindings.elements.every((one) => one.isTypeOnly)
}

function resolve(from: string, specifier: string): string | undefined {
  if (/^\.\.?(\/|$)/.test(specifier)) return posix.join(posix.dirname(from), specifier)
  if (specifier === 'earshot') return 'src/index.ts'
  if (specifier.startsWith('earshot/')) return `src/${specifier.slice(8)}/index.ts`
  return undefined
}
