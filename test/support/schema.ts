// Holds a value against a JSON Schema, as far as ours uses the language.

interface Schema {
  readonly [keyword: string]: unknown;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is wrong, a line each; nothing if the value fits. */
export function misfits(value: unknown, schema: unknown, root: unknown = schema, at = "$"): readonly string[] {
  if (!isObject(schema)) return [`${at}: the schema is none`];
  const rules: Schema = schema;
  if (typeof rules.$ref === "string") {
    const path = rules.$ref.replace(/^#\//, "").split("/");
    const target = path.reduce<unknown>((so, name) => (isObject(so) ? so[name] : undefined), root);
    return misfits(value, target, root, at);
  }
  const wrong: string[] = [];
  if ("const" in rules && value !== rules.const) wrong.push(`${at}: is not ${rules.const}`);
  if (Array.isArray(rules.enum) && !rules.enum.includes(value)) wrong.push(`${at}: ${value} is none of the choices`);
  if (Array.isArray(rules.anyOf)) {
    const all = rules.anyOf.map((each) => misfits(value, each, root, at));
    if (!all.some((each) => each.length === 0)) wrong.push(...all.flat());
  }
  if (rules.type !== undefined && kindOf(value, rules.type) === false) return [...wrong, `${at}: is no ${rules.type}`];
  if (typeof rules.pattern === "string" && !new RegExp(rules.pattern).test(String(value))) {
    wrong.push(`${at}: ${value} does not match ${rules.pattern}`);
  }
  if (typeof rules.minimum === "number" && Number(value) < rules.minimum) wrong.push(`${at}: is too small`);
  if (Array.isArray(value) && rules.items !== undefined) {
    for (const [index, each] of value.entries()) wrong.push(...misfits(each, rules.items, root, `${at}[${index}]`));
  }
  if (isObject(value)) {
    const properties = isObject(rules.properties) ? rules.properties : {};
    for (const name of Array.isArray(rules.required) ? rules.required : []) {
      if (!(String(name) in value)) wrong.push(`${at}: lacks ${name}`);
    }
    for (const [name, each] of Object.entries(value)) {
      if (name in properties) wrong.push(...misfits(each, properties[name], root, `${at}.${name}`));
      else if (rules.additionalProperties === false) wrong.push(`${at}: ${name} is not in the schema`);
      else if (isObject(rules.additionalProperties))
        wrong.push(...misfits(each, rules.additionalProperties, root, `${at}.${name}`));
    }
  }
  return wrong;
}

function kindOf(value: unknown, kind: unknown): boolean {
  if (Array.isArray(kind)) return kind.some((each) => kindOf(value, each));
  if (kind === "null") return value === null;
  if (kind === "array") return Array.isArray(value);
  if (kind === "object") return isObject(value);
  if (kind === "integer") return Number.isInteger(value);
  return typeof value === kind;
}
