"""What every command does; torch is imported only when there is work for it."""

from argparse import Namespace
from collections.abc import Sequence

from ganzoo.error import UserError, refuse_if, suggest_names


def run_train(args: Namespace) -> None:
    from ganzoo.training.app import run_app  # noqa: PLC0415

    run_app(args.rest)


def run_list(args: Namespace) -> None:
    from ganzoo.inference.find import describe_models  # noqa: PLC0415
    from ganzoo.settings.catalogue import list_choices, list_groups  # noqa: PLC0415

    groups = [*list_groups(), "pretrained"]
    refuse_if(
        args.group not in (None, *groups),
        f"there is no group named {args.group}: {suggest_names(str(args.group), groups)}",
    )
    for group in [args.group] if args.group else groups:
        choices = describe_models() if group == "pretrained" else list_choices(group)
        print(f"{group}:")
        width = max(len(choice.name) for choice in choices)
        for name, summary, source in choices:
            print(f"  {name:{width}}  {summary}  {source}".rstrip())


def run_info(args: Namespace) -> None:
    from ganzoo.inference.info import summarise_training  # noqa: PLC0415

    for name, value in summarise_training(args.model, args.trust).items():
        print(f"{name}: {value}")


def run_sample(args: Namespace) -> None:
    from ganzoo.inference.sample import write_samples  # noqa: PLC0415

    out = write_samples(
        args.model,
        args.out,
        args.n,
        args.seed,
        label=args.label,
        codes=each_once(args.code),
        truncation=args.truncation,
        steps=args.interpolate,
        trust=args.trust,
    )
    print(f"wrote {out}")


def each_once(codes: Sequence[tuple[int, float]]) -> dict[int, float]:
    """The factors of a code by number, each of which is set once."""
    numbers = [number for number, _ in codes]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    refuse_if(twice, f"--code sets factor {twice[:1]} twice: leave one of them out.")
    return dict(codes)


def run_export(args: Namespace) -> None:
    from ganzoo.inference.export import export_model  # noqa: PLC0415

    written = export_model(
        args.model, args.to, args.format, args.half, not args.generator_only, args.trust
    )
    for path, difference in written:
        print(f"wrote {path}: its images differ by at most {difference:.1g}")


def run_evaluate(args: Namespace) -> None:
    from ganzoo.inference.compare import compare_folders  # noqa: PLC0415
    from ganzoo.inference.evaluate import evaluate_model  # noqa: PLC0415
    from ganzoo.training.app import silence_lightning  # noqa: PLC0415

    silence_lightning()
    if args.images:
        real, fake = args.images
        scores = compare_folders(real, fake, args.words)
    elif args.words:
        scores = evaluate_model(args.words[0], args.words[1:], args.trust)
    else:
        raise UserError("evaluate needs a run, or --images with two folders: name one of them.")
    for name, value in scores.items():
        print(f"{name} {value:.6g}")


def run_report(args: Namespace) -> None:
    from ganzoo.report.page import write_report  # noqa: PLC0415

    try:
        print(f"wrote {write_report(args.folders, args.out)}")
    except OSError as error:
        raise UserError(
            f"cannot write the report to {args.out}: {error.strerror}; set --out elsewhere."
        ) from error


def run_explore(args: Namespace) -> None:
    from ganzoo.inference.explore import explore_models  # noqa: PLC0415

    explore_models(args.models, args.host, args.port, args.trust)


def run_doctor(args: Namespace) -> None:
    from ganzoo.training.environment import describe_environment, describe_folders  # noqa: PLC0415

    for name, value in (describe_environment() | describe_folders(args.data)).items():
        print(f"{name}: {value}")
