import { type Account, knownAccount, readAccount, remember } from './account.ts';
import { block, element } from './elements.ts';

const FIELDS = ['address', 'password', 'server', 'name', 'stun'] as const;

/** The form in which a person says who they are. */
export class AccountForm {
  readonly #form: HTMLFormElement = element('account', HTMLFormElement);
  readonly #signIn: (account: Account) => void;

  constructor(signIn: (account: Account) => void) {
    this.#signIn = signIn;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Fills in what is known, and signs in where that is all. */
  begin(): void {
    const { account, whole } = knownAccount();
    for (const field of FIELDS) this.#field(field).value = account[field];
    if (whole) this.#submit();
    else this.#field(account.address === '' ? 'address' : 'password').focus();
  }

  show(shown: boolean): void {
    this.#form.hidden = !shown;
  }

  #submit(): void {
    const typed = Object.fromEntries(FIELDS.map((name) => [name, this.#field(name).value])) as unknown;
    const account = readAccount(typed as Account);
    const trouble = 'trouble' in account ? account.trouble : '';
    block('account-trouble').textContent = trouble;
    if ('trouble' in account) return;
    remember(account);
    this.#signIn(account);
  }

  #field(name: (typeof FIELDS)[number]): HTMLInputElement {
    return this.#form.elements.namedItem(name) as HTMLInputElement;
  }
}
