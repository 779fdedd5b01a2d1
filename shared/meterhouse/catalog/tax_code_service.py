"""Tax codes of a namespace: create, show, list, rewrite, delete; which of them are the defaults."""

from dataclasses import replace

from meterhouse.catalog.ports import CatalogStore, TaxCodeStore
from meterhouse.catalog.tax_code import DefaultTaxCodes, TaxCode, TaxCodeSpec, mapping_problems
from meterhouse.catalog.use_case import UseCase
from meterhouse.kernel.errors import Conflict, Gone, InvalidInput, NotFound, Problem, Problems
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Work


class TaxCodeService(UseCase):
    def create(self, namespace: str, key: str, spec: TaxCodeSpec) -> TaxCode:
        """Add a code.

        Raises:
            InvalidInput: with every fault of the mappings.
            Conflict: `tax_code_key_conflict`: another has the key.
        """
        _refuse_faulty(spec)
        with self._begin(namespace) as work:
            at = self._now()
            code = TaxCode(self._new_id(), key, spec, created_at=at, updated_at=at)
            if not work.store.tax_codes.add(code):
                problem = Problem("/key", "tax_code_key_conflict", f"a tax code has the key {key!r}")
                raise Conflict("the key is taken", problem.code, [problem])
            self._commit(work, "created", code)
        return code

    def get(self, namespace: str, code_id: str) -> TaxCode:
        """A code, deleted or not.

        Raises:
            NotFound: there is no such code.
        """
        with self._begin(namespace) as work:
            return _found(work.store, code_id)

    def page(self, namespace: str, *, include_deleted: bool, number: int, size: int) -> tuple[list[TaxCode], int]:
        with self._begin(namespace) as work:
            return work.store.tax_codes.page(include_deleted=include_deleted, limit=size, offset=(number - 1) * size)

    def replace(self, namespace: str, code_id: str, spec: TaxCodeSpec) -> TaxCode:
        """Rewrite a code; its key stays. What is rated from now on has the new mappings.

        Raises:
            InvalidInput: with every fault of the mappings.
            NotFound: there is no such code.
            Gone: it was deleted.
        """
        _refuse_faulty(spec)
        with self._begin(namespace) as work:
            at = self._alone(work)
            code = _found(work.store, code_id)
            if code.deleted_at is not None:
                raise Gone("tax code", code_id)
            code = replace(code, spec=spec, updated_at=at)
            work.store.tax_codes.update(code)
            self._commit(work, "updated", code)
        return code

    def delete(self, namespace: str, code_id: str) -> None:
        """Delete softly: who names it still finds it. Deleting again changes nothing.

        Raises:
            NotFound: there is no such code.
            Conflict: `tax_code_in_use`: a default, or named by plans or add-ons that are not archived.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            code = _found(work.store, code_id)
            if code.deleted_at is not None:
                return
            if users := work.store.tax_codes.users(code.id, at):
                raise Conflict(f"tax code {code.key!r} is in use by {', '.join(users)}", "tax_code_in_use")
            code = replace(code, deleted_at=at, updated_at=at)
            work.store.tax_codes.update(code)
            self._commit(work, "deleted", code)

    def defaults(self, namespace: str) -> DefaultTaxCodes:
        """The defaults.

        Raises:
            NotFound: nobody has set them.
        """
        with self._begin(namespace) as work:
            found = work.store.tax_codes.defaults()
        if found is None:
            raise NotFound("default tax codes", namespace)
        return found

    def set_defaults(self, namespace: str, invoicing: str | None, credit_grants: str | None) -> DefaultTaxCodes:
        """Set what is given; the other stays.

        Raises:
            InvalidInput: there is no such code, or one was never set.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            before = work.store.tax_codes.defaults()
            defaults = DefaultTaxCodes(
                invoicing or (before.invoicing if before else ""),
                credit_grants or (before.credit_grants if before else ""),
                created_at=before.created_at if before else at,
                updated_at=at,
            )
            _refuse_unknown(work.store.tax_codes, defaults)
            work.store.tax_codes.set_defaults(defaults)
            work.commit()
        return defaults

    def _commit(self, work: Work[CatalogStore], verb: str, code: TaxCode) -> None:
        data = {"taxCodeId": code.id, "key": code.key}
        work.publish(DomainEvent(self._new_id(), f"tax_code.{verb}", f"tax-code/{code.id}", code.updated_at, data))
        work.commit()


def _refuse_faulty(spec: TaxCodeSpec) -> None:
    if problems := list(mapping_problems(spec)):
        raise InvalidInput("the tax code has faults", problems)


def _found(store: CatalogStore, code_id: str) -> TaxCode:
    code = store.tax_codes.by_ids([code_id]).get(code_id)
    if code is None:
        raise NotFound("tax code", code_id)
    return code


def _refuse_unknown(store: TaxCodeStore, defaults: DefaultTaxCodes) -> None:
    problems = Problems()
    wanted = {"/invoicing_tax_code": defaults.invoicing, "/credit_grant_tax_code": defaults.credit_grants}
    known = store.by_ids(set(wanted.values()) - {""})
    for field, code_id in wanted.items():
        if not code_id:
            problems.add(field, "missing", "nobody has set it before")
        elif code_id not in known or known[code_id].deleted_at is not None:
            problems.add(f"{field}/id", "tax_code_not_found", f"there is no tax code {code_id!r}")
    problems.raise_if_any("the default tax codes cannot be set")
