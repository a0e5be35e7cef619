"""The kinds of job that import files."""

from django.conf import settings
from django.utils import translation

from crm.jobs.claim import Claim
from crm.jobs.registry import job
from crm.lib.refusals import Refusal
from customers.imports import places
from customers.models import ImportFile

RECEIPTS = "import_receipts"
CUSTOMERS = "import_customers"


@job(RECEIPTS)
def import_receipts(claim: Claim) -> None:
    from customers.imports.receipt_job import ReceiptsImport

    file = ImportFile.objects.get(pk=claim.params["file"])
    _run(claim, file, ReceiptsImport(claim, file))


@job(CUSTOMERS)
def import_customers(claim: Claim) -> None:
    from customers.imports.customer_job import CustomersImport

    file = ImportFile.objects.get(pk=claim.params["file"])
    _run(claim, file, CustomersImport(claim, file))


@job("undo_import")
def undo_import(claim: Claim) -> None:
    from customers.imports import undoing

    undoing.run(claim, ImportFile.objects.get(pk=claim.params["file"]))


def _run(claim: Claim, file: ImportFile, work) -> None:  # type: ignore[no-untyped-def]
    """A file that is refused is a finished job with a reason, not a failure to be tried again."""
    with translation.override(claim.params.get("language") or settings.LANGUAGE_CODE):
        try:
            if not file.refusal:  # else somebody came as far as that and was killed
                work.run()
        except Refusal as refusal:
            with claim.slice():
                file.refusal = str(refusal)
                file.save(update_fields=["refusal"])
        if file.refusal:
            places.remove_work(file)
