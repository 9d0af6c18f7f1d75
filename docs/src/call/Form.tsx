// The opened form: fields by type, the call in four forms, and the way to a simulated portal on this machine.

import {useEffect, useId, useMemo, useState, type ReactNode} from 'react';
import Translate, {translate} from '@docusaurus/Translate';
import useBaseUrl from '@docusaurus/useBaseUrl';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import {useStorageSlot} from '@docusaurus/theme-common';
import CodeBlock from '@theme/CodeBlock';
import {PARAMETER, below, rowId} from '@site/src/search/slug.mjs';
import {bodyOf, entriesOf, fileForm, type Command, type Entity, type Param, type Values} from './body.mjs';
import {rust, type RustName} from './rust.mjs';
import {addressOf, bash, batch, curl, powershell, sentBy, type Connection} from './shell.mjs';
import {inputOf, NO_BOOLEAN, NO_NUMBER, read, show} from './values.mjs';
import type {Props} from './TryIt';
import styles from './styles.module.css';

/** Where `oint sandbox` listens when it is told nothing else. */
const SANDBOX = 'http://127.0.0.1:8024/rest/1/sandboxcode00000/';
const SANDBOX_PORTAL = 'http://127.0.0.1:8024';
const SANDBOX_TOKEN = 'sandboxtoken0000';
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

interface Descriptor {
  commands: (Command & {examples: {arguments: Values}[]})[];
  types: Record<string, Entity>;
}

interface RustNames {
  functions: Record<string, RustName>;
  types: Record<string, Record<string, string>>;
}

/** The words that the pages have, too, in the reader's language. */
interface Words {
  json_file: string;
  answer: string;
  /** What stands for the content of a file; `{file}`: its name. */
  file_content: string;
}

/** What is typed: a text a parameter, or texts by key. Empty ones are left out. */
type Typed = Record<string, string | [key: string, text: string][]>;

export default function Form({command: name, scope}: Props): ReactNode {
  const address = useBaseUrl(`/descriptor/${scope}.json`);
  const rustAddress = useBaseUrl('/descriptor/_rust.json');
  const wordsAddress = useBaseUrl('/descriptor/_words.json');
  const [loaded, setLoaded] = useState<CallProps>();
  const [fault, setFault] = useState('');

  useEffect(() => {
    const load = async (url: string): Promise<unknown> => {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`${answer.status} ${url}`);
      return answer.json();
    };
    Promise.all([load(address) as Promise<Descriptor>, load(rustAddress) as Promise<RustNames>, load(wordsAddress) as Promise<Words>]).then(
      ([{commands, types}, names, words]) => {
        const command = commands.find(({key}) => key === name);
        if (command) setLoaded({command, types, names, words});
        else setFault(name);
      },
      (error: unknown) => setFault(String(error)),
    );
  }, [address, rustAddress, wordsAddress, name]);

  if (fault) {
    return <p role="alert"><Translate id="try.fault" values={{fault}}>{'The form cannot be shown: {fault}'}</Translate></p>;
  }
  if (!loaded) return <p role="status"><Translate id="try.loading">Loading …</Translate></p>;
  return <Call {...loaded} />;
}

/** The texts that an example's values are typed as. */
function typedOf(params: Param[], values: Values, types: Record<string, Entity>): Typed {
  return Object.fromEntries(params.map((param) => {
    const entries = entriesOf(param, types);
    const value = values[param.name];
    if (inputOf(param, entries.length > 0) !== 'keys') return [param.name, show(param.type, value)];
    const row = ([key, inner]: [string, unknown]): [string, string] =>
      [key, show(entries.find((entry) => entry.name === key)?.type ?? 'any', inner)];
    return [param.name, Object.entries(value ?? {}).map(row)];
  }));
}

/** The values that were typed, and what is wrong by parameter. */
function valuesOf(params: Param[], typed: Typed, types: Record<string, Entity>): {values: Values; faults: Record<string, string>} {
  const values: Values = {};
  const faults: Record<string, string> = {};
  for (const param of params) {
    const own = typed[param.name] ?? '';
    const entries = entriesOf(param, types);
    try {
      if (typeof own === 'string') {
        if (own !== '') values[param.name] = read(param.type, own);
      } else {
        const rows = own.filter(([key]) => key !== '');
        const typeOf = (key: string): string => entries.find((entry) => entry.name === key)?.type ?? 'any';
        const read_ = ([key, text]: [string, string]): [string, unknown] => [key, text === '' ? '' : read(typeOf(key), text)];
        if (rows.length > 0) values[param.name] = Object.fromEntries(rows.map(read_));
      }
    } catch (error) {
      faults[param.name] = worded(error instanceof Error ? error.message : String(error));
    }
    if (param.required && !(param.name in values) && !faults[param.name]) {
      faults[param.name] = translate({id: 'try.required', message: 'required'});
    }
  }
  return {values, faults};
}

/** What is wrong with a value, in the reader's language; what the browser says of JSON stays as it is. */
function worded(fault: string): string {
  if (fault === NO_BOOLEAN) return translate({id: 'try.noBoolean', message: 'true or false'});
  if (fault === NO_NUMBER) return translate({id: 'try.noNumber', message: 'a number'});
  return fault;
}

interface CallProps {
  command: Descriptor['commands'][0];
  types: Descriptor['types'];
  names: RustNames;
  words: Words;
}

function Call({command, types, names, words}: CallProps): ReactNode {
  const params = useMemo(() => command.params.filter((param) => !param.group), [command]);
  const [typed, setTyped] = useState(() => typedOf(params, command.examples[0]?.arguments ?? {}, types));
  const isForApplications = command.app_only === true;
  const [url, setUrl] = useState(isForApplications ? SANDBOX_PORTAL : SANDBOX);
  const connection = isForApplications ? {url, token: SANDBOX_TOKEN} : {url};
  const {values, faults} = valuesOf(params, typed, types);
  const [contents, setContents] = useState<Record<string, string>>({});
  // A file is shown without its content, which is chosen before the call is sent.
  const files = new Set<string>();
  const shownFile = (type: string, file: string, place: string): unknown => {
    files.add(place);
    return fileForm(type, file, words.file_content.replace('{file}', () => file));
  };
  const body = bodyOf(command, values, {types, file: shownFile});
  const whole = (): Values => bodyOf(command, values, {types, file: (type, file, place) => fileForm(type, file, contents[place] ?? '')});
  const rustName = names.functions[command.key];
  const client = isForApplications
    ? [`let client = Client::with_token(${JSON.stringify(url)}, ${JSON.stringify(SANDBOX_TOKEN)})?;`]
    : [`let client = Client::webhook(${JSON.stringify(url)})?;`];
  const shell = useShell();
  return (
    <form className={styles.form} onSubmit={(event) => event.preventDefault()}>
      {params.length === 0 && <p><Translate id="try.none">The method takes no parameters.</Translate></p>}
      {params.map((param) => (
        <Field
          key={param.name}
          param={param}
          entries={entriesOf(param, types)}
          typed={typed[param.name] ?? ''}
          fault={faults[param.name]}
          change={(value) => setTyped({...typed, [param.name]: value})}
        />
      ))}
      <div className={styles.outputs}>
        <CodeBlock language={shell.language} title={shell.title}>{shell.write(command, values, words.json_file, connection)}</CodeBlock>
        {rustName && <CodeBlock language="rust" title="Rust">{rust(command, types, values, rustName, names.types, client)}</CodeBlock>}
        <CodeBlock language="bash" title="cURL">{curl(command, body, connection)}</CodeBlock>
        <CodeBlock language="json" title="JSON">{JSON.stringify(body, undefined, 2)}</CodeBlock>
      </div>
      <Send
        command={command}
        body={whole}
        files={[...files].map((place) => ({place, isChosen: place in contents}))}
        choose={(place, content) => setContents((others) => ({...others, [place]: content}))}
        connection={connection}
        setUrl={setUrl}
        answerTitle={words.answer}
      />
    </form>
  );
}

/** The shell whose tab the reader chose, as soon as it is another one. */
function useShell(): {language: string; title: string; write: typeof bash} {
  const [chosen] = useStorageSlot('docusaurus.tab.code');
  if (chosen === 'bat') return {language: 'batch', title: 'CMD/Bat', write: batch};
  if (chosen === 'powershell') return {language: 'powershell', title: 'PowerShell', write: powershell};
  return {language: 'bash', title: 'Bash', write: bash};
}

/** Gives what a parameter or a key of one means, in the page's language: the descriptor is English, so it is the page's row. */
function useMeaning(): (param: Param, of?: string) => string | undefined {
  const {i18n: {currentLocale, defaultLocale}} = useDocusaurusContext();
  return (param, of) => {
    const prefix = below(PARAMETER, of ?? '');
    const row = currentLocale !== defaultLocale && document.getElementById(rowId(prefix, param.argument ?? param.name, false));
    return (row && row.lastElementChild?.textContent) || param.description;
  };
}

interface FieldProps {
  param: Param;
  entries: Param[];
  typed: Typed[string];
  fault: string | undefined;
  change(value: Typed[string]): void;
}

function Field({param, entries, typed, fault, change}: FieldProps): ReactNode {
  const id = useId();
  const meaning = useMeaning();
  const label = (
    <>
      {param.argument ?? param.name}
      {param.required && <span className={styles.required} title={translate({id: 'try.required', message: 'required'})}> *</span>}
    </>
  );
  const note = (
    <span id={`${id}-note`} className={styles.hint}>
      <code>{param.type}</code> {meaning(param)} {fault && <strong className={styles.fault}>{fault}</strong>}
    </span>
  );
  if (typeof typed !== 'string') {
    return (
      <fieldset className={styles.field} aria-describedby={`${id}-note`}>
        <legend>{label}</legend>
        {note}
        <Keys rows={typed} entries={entries} change={change} name={param.argument ?? param.name} />
      </fieldset>
    );
  }
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <Input id={id} param={param} text={typed} change={change} invalid={Boolean(fault)} kind={inputOf(param, entries.length > 0)} />
      {note}
    </div>
  );
}

interface InputProps {
  id: string;
  param: Pick<Param, 'type' | 'values' | 'meanings'>;
  text: string;
  kind: string;
  invalid?: boolean;
  label?: string;
  change(text: string): void;
}

function Input({id, param, text, kind, invalid, label, change}: InputProps): ReactNode {
  const common = {
    'id': id, 'aria-label': label, 'aria-invalid': invalid || undefined, 'aria-describedby': label ? undefined : `${id}-note`,
    'value': text, 'spellCheck': false,
    'onChange': (event: {target: {value: string}}) => change(event.target.value),
  };
  if (kind === 'boolean') {
    return (
      <select {...common}>
        <option value="">–</option>
        <option>true</option>
        <option>false</option>
      </select>
    );
  }
  const lines = text.split('\n').length;
  if (kind === 'json') return <textarea {...common} rows={Math.min(8, lines + 1)} />;
  // What may be text may have lines, which a plain field would lose when they are pasted.
  const isText = kind === 'loose' || (kind === 'text' && param.type === 'string');
  if (lines > 1 || (isText && param.values.length === 0)) return <textarea {...common} rows={Math.min(8, lines)} />;
  if (param.values.length === 0) return <input {...common} />;
  return (
    <>
      <input {...common} list={`${id}-values`} />
      <datalist id={`${id}-values`}>
        {param.values.map((value) => (
          <option key={String(value)} value={String(value)}>{param.meanings?.[String(value)]}</option>
        ))}
      </datalist>
    </>
  );
}

interface KeysProps {
  rows: [key: string, text: string][];
  entries: Param[];
  name: string;
  change(rows: [key: string, text: string][]): void;
}

function Keys({rows, entries, name, change}: KeysProps): ReactNode {
  const id = useId();
  const meaning = useMeaning();
  const replace = (at: number, row: [string, string]): void => change(rows.map((old, index) => (index === at ? row : old)));
  return (
    <>
      <datalist id={`${id}-keys`}>
        {entries.map((entry) => <option key={entry.name} value={entry.name}>{meaning(entry, name)}</option>)}
      </datalist>
      {rows.map(([key, text], at) => {
        const entry = entries.find((one) => one.name === key) ?? {type: 'any', values: [], name: key};
        const kind = inputOf(entry as Param, false);
        return (
          <div key={at} className={styles.key}>
            <input
              list={`${id}-keys`}
              value={key}
              spellCheck={false}
              aria-label={translate({id: 'try.key', message: 'Key of {name}'}, {name})}
              onChange={(event) => replace(at, [event.target.value, text])}
            />
            <Input id={`${id}-${at}`} param={entry} kind={kind} text={text} label={key || name} change={(value) => replace(at, [key, value])} />
            <button
              type="button"
              aria-label={translate({id: 'try.remove', message: 'Remove {key}'}, {key})}
              onClick={() => change(rows.filter((_, index) => index !== at))}>
              ×
            </button>
          </div>
        );
      })}
      <button type="button" className={styles.add} onClick={() => change([...rows, ['', '']])}>
        <Translate id="try.add">Add a key</Translate>
      </button>
    </>
  );
}

/** The address, where it is one of this machine. */
function loopback(url: string): boolean {
  try {
    const {hostname, protocol} = new URL(url);
    return LOOPBACK.includes(hostname) && /^https?:$/.test(protocol);
  } catch {
    return false;
  }
}

/** A file that a call sends, by its place. */
interface Upload {
  place: string;
  isChosen: boolean;
}

const inCode = (text: string): ReactNode => <code>{text}</code>;

/** The content of a file in base64. */
function contentOf(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

interface SendProps {
  command: Command;
  /** Makes the body, with the content of the files. */
  body(): Values;
  files: Upload[];
  choose(place: string, content: string): void;
  connection: Connection;
  setUrl(url: string): void;
  /** What stands above the answer. */
  answerTitle: string;
}

function Send({command, body, files, choose, connection, setUrl, answerTitle}: SendProps): ReactNode {
  const id = useId();
  const {url, token} = connection;
  const [answer, setAnswer] = useState('');
  const [isCanned, setCanned] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const isWhole = files.every(({isChosen}) => isChosen);
  const isHere = loopback(url);
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      const reply = await fetch(addressOf(command, connection), {
        method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(sentBy(body(), connection)),
        credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
      });
      const text = await reply.text();
      let shown = text;
      try {
        shown = JSON.stringify(JSON.parse(text), undefined, 2);
      } catch {
        // It is shown as it came.
      }
      setCanned(reply.headers.get('x-sandbox-canned') === 'true');
      setAnswer(`HTTP ${reply.status}\n${shown}`);
    } catch {
      setCanned(false);
      setAnswer(translate({id: 'try.unreachable', message: 'No portal answers at this address. Start one with: oint sandbox'}));
    }
    setBusy(false);
  };
  return (
    <div className={styles.send}>
      {files.map(({place, isChosen}) => (
        <div key={place} className={styles.field}>
          <label htmlFor={`${id}-${place}`}>
            <Translate id="try.file" values={{file: inCode(place)}}>{'Content of {file}'}</Translate>
          </label>
          <input
            id={`${id}-${place}`}
            type="file"
            aria-describedby={`${id}-${place}-note`}
            onChange={({target: {files: chosen}}) => {
              if (chosen?.[0]) void contentOf(chosen[0]).then((content) => choose(place, content), () => undefined);
            }}
          />
          <span id={`${id}-${place}-note`} className={isChosen ? styles.hint : styles.fault}>
            {isChosen
              ? <Translate id="try.file.chosen">It is sent in place of what stands for it above.</Translate>
              : <Translate id="try.file.missing">Choose the file; without its content the call cannot be sent from here.</Translate>}
          </span>
        </div>
      ))}
      <label htmlFor={id}>
        {token
          ? <Translate id="try.portal">Simulated portal on this machine; an application calls it</Translate>
          : <Translate id="try.address">Webhook of a simulated portal on this machine</Translate>}
      </label>
      <div className={styles.line}>
        <input id={id} value={url} spellCheck={false} autoComplete="off" aria-describedby={`${id}-note`} onChange={(event) => setUrl(event.target.value)} />
        <button type="button" className={styles.main} disabled={!isHere || !isWhole || isBusy} onClick={() => void send()}>
          <Translate id="try.send">Send</Translate>
        </button>
      </div>
      <span id={`${id}-note`} className={isHere ? styles.hint : styles.fault}>
        {isHere ? (
          <Translate id="try.here" values={{command: <code>oint sandbox</code>}}>{'Nothing is stored, and nothing is sent to another machine. {command} starts the portal.'}</Translate>
        ) : (
          <Translate id="try.elsewhere">Only to an address of this machine: 127.0.0.1 or localhost. The command above goes anywhere.</Translate>
        )}
      </span>
      <div aria-live="polite">
        {answer && isCanned && (
          <p className={styles.hint}>
            <Translate id="try.canned">The simulated portal does not carry this method out: it answers with the example of its page.</Translate>
          </p>
        )}
        {answer && <CodeBlock language="json" title={answerTitle}>{answer}</CodeBlock>}
      </div>
    </div>
  );
}
