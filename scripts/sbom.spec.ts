import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const jsonOf = (text: string): unknown => JSON.parse(text);

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Bom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

it('the bill of materials is CycloneDX, names the program, and holds all that it is made of', () => {
  const made = execFileSync(process.execPath, [join(root, 'scripts/sbom.js')], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const bom = jsonOf(made) as Bom;
  const manifest = jsonOf(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const { name, version } = manifest;
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', version: 1 });
  expect(bom.specVersion).toMatch(/^1\.[5-9]$/);
  expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const { component } = bom.metadata;
  expect(component).toMatchObject({
    ...{ type: 'application', name, version, purl: `pkg:npm/${name}@${version}` },
  });

  const refs = bom.components.map((one) => one['bom-ref']);
  expect(new Set(refs).size).toBe(refs.length);
  for (const one of bom.components) {
    expect(one.purl).toMatch(/^pkg:npm\/(%40[^/@]+\/)?[^/@]+@\d/);
    expect(one.hashes?.map(({ alg }) => alg) ?? ['SHA-512']).toContain('SHA-512');
  }
  // The web UI is built of what is a dependency of development only.
  const direct = { ...manifest.dependencies, ...manifest.devDependencies };
  for (const [needed, exact] of Object.entries(direct))
    expect(refs).toContain(`${needed}@${exact}`);

  const dependsOn = new Map(bom.dependencies.map(({ ref, dependsOn: on }) => [ref, on]));
  expect([...dependsOn.keys()].sort()).toEqual([component['bom-ref'], ...refs].sort());
  const own = dependsOn.get(component['bom-ref']);
  for (const [needed, exact] of Object.entries(manifest.dependencies))
    expect(own).toContain(`${needed}@${exact}`);
  for (const on of dependsOn.values()) expect(refs).toEqual(expect.arrayContaining([...on]));
});
