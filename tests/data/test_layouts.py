"""Public datasets rebuilt small: true folders, file names and column names, drawn pixels."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pandas as pd
import pytest
from openpyxl import Workbook

from dermxai.core.errors import InputError
from dermxai.data import load_dataset, workbooks

Draw = Callable[..., Path]


@dataclass(frozen=True)
class Layout:
    """
    Attributes:
        images: files to draw.
        texts: other files.
        labels: what is to be found, by the file's name.
        holds: values of other columns, by the file's name.
        books: workbooks, rows by file name.
    """

    images: tuple[str, ...]
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str | None] = field(default_factory=dict)
    holds: dict[str, dict[str, object]] = field(default_factory=dict)
    books: dict[str, list[list[object]]] = field(default_factory=dict)


ISIC_2019 = "MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"
LAYOUTS = {
    "ISIC 2016": Layout(
        (
            "ISBI2016_ISIC_Part3_Training_Data/ISIC_0000000.jpg",
            "ISBI2016_ISIC_Part3_Training_Data/ISIC_0000001.jpg",
            "ISBI2016_ISIC_Part3_Test_Data/ISIC_0000003.jpg",
        ),
        {
            "ISBI2016_ISIC_Part3_Training_GroundTruth.csv": "ISIC_0000000,benign\n"
            "ISIC_0000001,malignant\n",
            "ISBI2016_ISIC_Part3_Test_GroundTruth.csv": "ISIC_0000003,1.0\n",
        },
        {
            "ISIC_0000000.jpg": "benign",
            "ISIC_0000001.jpg": "malignant",
            "ISIC_0000003.jpg": "malignant",
        },
        {"ISIC_0000000.jpg": {"split": "train"}, "ISIC_0000003.jpg": {"split": "test"}},
    ),
    "ISIC 2017": Layout(
        (
            *(f"ISIC-2017_Training_Data/ISIC_000000{k}.jpg" for k in range(3)),
            *(f"ISIC-2017_Training_Data/ISIC_000000{k}_superpixels.png" for k in range(3)),
        ),
        {
            "ISIC-2017_Training_Part3_GroundTruth.csv": "image_id,melanoma,seborrheic_keratosis\n"
            "ISIC_0000000,0.0,0.0\nISIC_0000001,1.0,0.0\nISIC_0000002,0.0,1.0\n",
            "ISIC-2017_Training_Data/ISIC-2017_Training_Data_metadata.csv": "image_id,"
            "age_approximate,sex\nISIC_0000000,55,female\n",
        },
        {"ISIC_0000000.jpg": "MN", "ISIC_0000001.jpg": "mel", "ISIC_0000002.jpg": "SK"},
    ),
    "ISIC 2018, task 3": Layout(
        ("ISIC2018_Task3_Training_Input/ISIC_0024306.jpg",),
        {
            "ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv": "image,"
            "MEL,NV,BCC,AKIEC,BKL,DF,VASC\nISIC_0024306,0.0,1.0,0.0,0.0,0.0,0.0,0.0\n"
        },
        {"ISIC_0024306.jpg": "MN"},
    ),
    "ISIC 2019": Layout(
        ("ISIC_2019_Training_Input/ISIC_0000000.jpg",),
        {
            "ISIC_2019_Training_GroundTruth.csv": f"image,{ISIC_2019}\n"
            "ISIC_0000000,0,0,0,0,0,0,0,1,0\n",
            "ISIC_2019_Training_Metadata.csv": "image,age_approx,anatom_site_general,lesion_id,"
            "sex\nISIC_0000000,55.0,anterior torso,BCN_1,female\n",
        },
        {"ISIC_0000000.jpg": "SCC"},
        {"ISIC_0000000.jpg": {"age": 55, "lesion_id": "BCN_1"}},
    ),
    "ISIC 2020": Layout(
        ("train/ISIC_2637011.jpg", "train/ISIC_0015719.jpg", "train/ISIC_0052212.jpg"),
        {
            "train.csv": "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,"
            "diagnosis,benign_malignant,target\n"
            "ISIC_2637011,IP_7279968,male,45.0,head/neck,unknown,benign,0\n"
            "ISIC_0015719,IP_3075186,female,45.0,upper extremity,melanoma,malignant,1\n"
            "ISIC_0052212,IP_2842074,female,50.0,lower extremity,nevus,benign,0\n"
        },
        {"ISIC_2637011.jpg": None, "ISIC_0015719.jpg": "mel", "ISIC_0052212.jpg": "MN"},
        {"ISIC_0015719.jpg": {"patient_id": "IP_3075186", "benign_malignant": "malignant"}},
    ),
    "ISIC 2024": Layout(
        ("train-image/image/ISIC_0015670.jpg", "train-image/image/ISIC_0015845.jpg"),
        {
            "train-metadata.csv": "isic_id,target,patient_id,age_approx,sex,iddx_full,iddx_1,"
            "iddx_2,iddx_3,iddx_4,iddx_5\n"
            "ISIC_0015670,0,IP_1235828,60.0,male,Benign,Benign,,,,\n"
            "ISIC_0015845,1,IP_8170065,60.0,male,Malignant::…,Malignant,Malignant melanocytic "
            "proliferations (Melanoma),Melanoma Invasive,,\n"
        },
        {"ISIC_0015670.jpg": "Benign", "ISIC_0015845.jpg": "mel"},
        {"ISIC_0015845.jpg": {"target": 1, "iddx_1": "Malignant"}},
    ),
    "ISIC archive": Layout(
        ("ISIC-images/ISIC_1.jpg", "ISIC-images/ISIC_2.jpg", "ISIC-images/ISIC_3.jpg"),
        {
            "ISIC-images/metadata.csv": "isic_id,attribution,copyright_license,age_approx,"
            "anatom_site_general,diagnosis_1,diagnosis_2,diagnosis_3,diagnosis_4,image_type,sex\n"
            "ISIC_1,x,CC-0,60,head/neck,Benign,Benign melanocytic proliferations,Nevus,"
            '"Nevus, Atypical, Dysplastic, or Clark",dermoscopic,male\n'
            "ISIC_2,x,CC-0,60,head/neck,Malignant,,Basal cell carcinoma,,dermoscopic,male\n"
            "ISIC_3,x,CC-0,60,head/neck,Indeterminate,,,,dermoscopic,male\n",
            "ISIC-images/attribution.txt": "Thanks to all.\n",
            "ISIC-images/licenses/CC-0.txt": "Do what you like.\n",
        },
        {"ISIC_1.jpg": "MN", "ISIC_2.jpg": "BCC", "ISIC_3.jpg": "Indeterminate"},
        {"ISIC_1.jpg": {"diagnosis_3": "Nevus", "modality": "dermoscopic"}},
    ),
    "HAM10000": Layout(
        ("HAM10000_images_part_1/ISIC_1.jpg", "HAM10000_images_part_2/ISIC_2.jpg"),
        {
            "HAM10000_metadata.csv": "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
            "HAM_1,ISIC_1,bkl,histo,80.0,male,scalp\nHAM_2,ISIC_2,nv,histo,80.0,male,ear\n"
        },
        {"ISIC_1.jpg": "SK", "ISIC_2.jpg": "MN"},
    ),
    "PH2, workbook": Layout(
        (
            *(f"PH2 Dataset images/{i}/{i}_Dermoscopic_Image/{i}.bmp" for i in ("IMD003", "IMD2")),
            *(f"PH2 Dataset images/{i}/{i}_lesion/{i}_lesion.bmp" for i in ("IMD003", "IMD2")),
            "PH2 Dataset images/IMD2/IMD2_roi/IMD2_R1_Label3.bmp",
        ),
        labels={"IMD003.bmp": "MN", "IMD2.bmp": "mel"},
        books={
            "PH2_dataset.xlsx": [
                ["PH² Dataset", None, None],
                [None, "Legend", None],
                [
                    *("Image Name", "Histological Diagnosis", "Common Nevus", "Atypical Nevus"),
                    *("Melanoma", "Asymmetry\n(0/1/2)", "Pigment Network\n(AT/T)"),
                ],
                ["IMD003", None, "X", None, None, 0, "T"],
                ["IMD2", "Melanoma", None, None, "X", 2, "AT"],
            ]
        },
    ),
    "PH2, text": Layout(
        ("IMD003/IMD003_Dermoscopic_Image/IMD003.bmp", "IMD2/IMD2_Dermoscopic_Image/IMD2.bmp"),
        {
            "PH2_dataset.txt": "||   Name   ||   Histological Diagnosis  ||   Clinical Diagnosis   "
            "||   Asymmetry   ||\n||  IMD003   ||  || 0 || 0 ||\n||  IMD2   ||  || 2 || 1 ||\n"
        },
        {"IMD003.bmp": "MN", "IMD2.bmp": "mel"},
    ),
    "PAD-UFES-20": Layout(
        ("imgs_part_1/imgs_part_1/PAT_1516_1765_530.png", "imgs_part_2/PAT_46_881_939.png"),
        {
            "metadata.csv": "patient_id,lesion_id,smoke,drink,age,fitspatrick,region,diameter_1,"
            "diagnostic,itch,grew,bleed,img_id,biopsed\n"
            "PAT_1516,1765,,,8,,ARM,,NEV,FALSE,FALSE,FALSE,PAT_1516_1765_530.png,FALSE\n"
            "PAT_46,881,FALSE,FALSE,55,3.0,NECK,6.0,ACK,TRUE,TRUE,TRUE,PAT_46_881_939.png,TRUE\n"
        },
        {"PAT_1516_1765_530.png": "MN", "PAT_46_881_939.png": "akiec"},
        {"PAT_46_881_939.png": {"patient_id": "PAT_46", "lesion_id": "881", "skin_type": "3.0"}},
    ),
    "Derm7pt": Layout(
        ("images/NEL/Nel025.jpg", "images/NEL/NEL027.JPG", "images/A/A1.jpg", "images/A/A2.jpg"),
        {
            "meta/meta.csv": "case_num,diagnosis,seven_point_score,pigment_network,streaks,"
            "level_of_diagnostic_difficulty,elevation,location,sex,management,clinic,derm,notes\n"
            "1,basal cell carcinoma,0,absent,absent,medium,nodular,abdomen,female,excision,"
            "NEL/NEL027.jpg,NEL/NEL025.jpg,\n"
            "2,clark nevus,0,absent,absent,low,flat,back,male,none,A/A1.jpg,A/A2.jpg,\n",
            "meta/train_indexes.csv": "indexes\n0\n",
            "meta/test_indexes.csv": "indexes\n1\n",
        },
        {"Nel025.jpg": "BCC", "NEL027.JPG": "BCC", "A1.jpg": "MN", "A2.jpg": "MN"},
        {
            "Nel025.jpg": {"modality": "dermoscopic", "split": "train", "lesion_id": "1"},
            "A1.jpg": {"modality": "clinical", "split": "test", "lesion_id": "2"},
        },
    ),
    "DDI": Layout(
        ("000001.png", "000002.png", "000003.png"),
        {
            "ddi_metadata.csv": ",DDI_ID,DDI_file,skin_tone,malignant,disease\n"
            "0,1,000001.png,56,True,melanoma-in-situ\n1,2,000002.png,56,True,mycosis-fungoides\n"
            "2,3,000003.png,12,False,seborrheic-keratosis-irritated\n"
        },
        {"000001.png": "mel", "000002.png": "mycosis-fungoides", "000003.png": "SK"},
        {"000001.png": {"skin_type": "56"}},
    ),
    "Fitzpatrick17k": Layout(
        (
            "images/5e82a45bc5d78bd24ae9202d194423f8.jpg",
            "images/fa2911a9b13b6f8af79cb700937cc14f.jpg",
        ),
        {
            "fitzpatrick17k.csv": "md5hash,fitzpatrick_scale,fitzpatrick_centaur,label,"
            "nine_partition_label,three_partition_label,qc,url,url_alphanum\n"
            "5e82a45bc5d78bd24ae9202d194423f8,3,3,psoriasis,inflammatory,non-neoplastic,,"
            "https://www.dermaamin.com/a.jpg,httpwwwa.jpg\n"
            "fa2911a9b13b6f8af79cb700937cc14f,1,1,seborrheic keratosis,benign epidermal,benign,,"
            "https://www.dermaamin.com/b.jpg,httpwwwb.jpg\n"
            "0000000000000000000000000000000f,1,1,acne,benign epidermal,benign,,x,y.jpg\n"
        },
        {
            "5e82a45bc5d78bd24ae9202d194423f8.jpg": "Pso",
            "fa2911a9b13b6f8af79cb700937cc14f.jpg": "SK",
        },
    ),
    "SCIN": Layout(
        tuple(f"dataset/images/{name}.png" for name in ("-123", "456", "789", "-77")),
        {
            "dataset/scin_cases.csv": "case_id,source,release,age_group,sex_at_birth,"
            "fitzpatrick_skin_type,image_1_path,image_2_path,image_3_path,image_1_shot_type\n"
            "-100,SCIN,1.0.0,AGE_40_TO_49,FEMALE,FST2,dataset/images/-123.png,"
            "dataset/images/456.png,,CLOSE_UP\n"
            "-200,SCIN,1.0.0,AGE_UNKNOWN,MALE,FST3,dataset/images/789.png,,,CLOSE_UP\n"
            "-300,SCIN,1.0.0,AGE_UNKNOWN,MALE,FST3,dataset/images/-77.png,,,CLOSE_UP\n",
            "dataset/scin_labels.csv": "case_id,dermatologist_skin_condition_on_label_name,"
            "dermatologist_skin_condition_confidence,weighted_skin_condition_label\n"
            "-100,\"['Eczema', 'Psoriasis']\",\"[5, 3]\",\"{'Eczema': 0.67, 'Psoriasis': 0.33}\"\n"
            "-200,\"['Acne', 'Rosacea']\",\"[3, 3]\",\"{'Acne': 0.5, 'Rosacea': 0.5}\"\n"
            "-300,[],[],{}\n",
        },
        {"-123.png": "EAD", "456.png": "EAD", "789.png": None, "-77.png": None},
        {"-123.png": {"lesion_id": "-100", "sex": "female"}, "456.png": {"lesion_id": "-100"}},
    ),
    "MILK10k": Layout(
        tuple(f"MILK10k_Training_Input/IL_{k}/ISIC_{k}{j}.jpg" for k in (1, 2) for j in (0, 1)),
        {
            "MILK10k_Training_GroundTruth.csv": "lesion_id,AKIEC,BCC,BEN_OTH,BKL,DF,INF,MAL_OTH,"
            "MEL,NV,SCCKA,VASC\nIL_1,0,1,0,0,0,0,0,0,0,0,0\nIL_2,0,0,0,0,0,0,0,0,1,0,0\n",
            "MILK10k_Training_Metadata.csv": "lesion_id,image_type,isic_id,attribution,"
            "age_approx,sex,skin_tone_class,site,MONET_hair\n"
            "IL_1,clinical: close-up,ISIC_10,x,60,male,3,trunk,0.1\n"
            "IL_1,dermoscopic,ISIC_11,x,60,male,3,trunk,0.1\n"
            "IL_2,clinical: close-up,ISIC_20,x,60,male,3,trunk,0.1\n"
            "IL_2,dermoscopic,ISIC_21,x,60,male,3,trunk,0.1\n",
        },
        {"ISIC_10.jpg": "BCC", "ISIC_11.jpg": "BCC", "ISIC_20.jpg": "MN", "ISIC_21.jpg": "MN"},
        {"ISIC_10.jpg": {"modality": "clinical", "lesion_id": "IL_1"}},
    ),
    "BCN20000": Layout(
        ("BCN_20k_train/BCN_0000000001.jpg", "BCN_20k_train/BCN_0000000003.jpg"),
        {
            "bcn_20k_train.csv": "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,"
            "capture_date,sex,split\n"
            "BCN_0000000001.jpg,55.0,anterior torso,MEL,BCN_0003884,2012-05-16,male,train\n"
            "BCN_0000000003.jpg,50.0,anterior torso,SCC,BCN_0000019,2015-07-09,female,train\n"
        },
        {"BCN_0000000001.jpg": "mel", "BCN_0000000003.jpg": "SCC"},
    ),
    "DermNet": Layout(
        (
            "train/Acne and Rosacea Photos/07Acne081101.jpg",
            "train/Eczema Photos/eczema-1.jpg",
            "test/Eczema Photos/eczema-2.jpg",
            "test/Melanoma Skin Cancer Nevi and Moles/m.jpg",
        ),
        labels={
            "07Acne081101.jpg": "Acne and Rosacea Photos",
            "eczema-1.jpg": "EAD",
            "eczema-2.jpg": "EAD",
            "m.jpg": "Melanoma Skin Cancer Nevi and Moles",
        },
        holds={"eczema-1.jpg": {"split": "train"}, "m.jpg": {"split": "test"}},
    ),
    "ImageFolder of a crawl": Layout(
        ("crawl/export/images/Psoriasis/1.jpg", "crawl/export/images/Vitiligo/2.jpg"),
        labels={"1.jpg": "Pso", "2.jpg": "Vitiligo"},
    ),
    "Hugging Face, JSON lines": Layout(
        ("train/0.png", "train/1.png", "test/2.png"),
        {
            "train/metadata.jsonl": '{"file_name": "0.png", "label": "nv"}\n'
            '{"file_name": "1.png", "label": "bcc"}\n',
            "test/metadata.jsonl": '{"file_name": "2.png", "label": "mel"}\n',
            "README.md": "---\nlicense: mit\n---\n",
        },
        {"0.png": "MN", "1.png": "BCC", "2.png": "mel"},
        {"0.png": {"split": "train"}, "2.png": {"split": "test"}},
    ),
    "COCO": Layout(
        ("images/0.png", "images/1.png", "images/2.png"),
        {
            "annotations/instances.json": json.dumps(
                {
                    "images": [{"id": k, "file_name": f"{k}.png", "width": 8} for k in range(3)],
                    "annotations": [
                        {"id": 1, "image_id": 0, "category_id": 5, "bbox": [0, 0, 1, 1]},
                        {"id": 2, "image_id": 0, "category_id": 5},
                        {"id": 3, "image_id": 1, "category_id": 6},
                        {"id": 4, "image_id": 2, "category_id": 5},
                        {"id": 5, "image_id": 2, "category_id": 6},
                    ],
                    "categories": [{"id": 5, "name": "nevus"}, {"id": 6, "name": "melanoma"}],
                }
            )
        },
        {"0.png": "MN", "1.png": "mel", "2.png": None},
    ),
    "FiftyOne, classification": Layout(
        ("data/a.png", "data/b.png"),
        {"labels.json": json.dumps({"classes": ["nv", "bcc"], "labels": {"a": 1, "b": 0}})},
        {"a.png": "BCC", "b.png": "MN"},
    ),
    "FiftyOne, dataset": Layout(
        ("data/a.png", "data/b.png"),
        {
            "metadata.json": json.dumps({"name": "x", "media_type": "image"}),
            "samples.json": json.dumps(
                {
                    "samples": [
                        {
                            "filepath": f"data/{name}.png",
                            "tags": ["train"],
                            "ground_truth": {"_cls": "Classification", "label": label},
                        }
                        for name, label in (("a", "bcc"), ("b", "nv"))
                    ]
                }
            ),
        },
        {"a.png": "BCC", "b.png": "MN"},
    ),
    "labels by file name": Layout(
        ("x/a.png", "x/b.png"),
        {"truth.json": json.dumps({"a.png": "nv", "b.png": "bcc"})},
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "workbook of a clinic": Layout(
        ("Bilder/Müller 1.png", "Bilder/Müller 2.png"),
        labels={"Müller 1.png": "MN", "Müller 2.png": "BCC"},
        books={
            "Liste.xlsx": [
                ["Dateiname", "Diagnose", "Alter", "Geschlecht"],
                ["Müller 1.png", "Nävuszellnävus", 41, "w"],
                ["Müller 2.png", "Basalzellkarzinom", 52, "m"],
            ]
        },
        holds={"Müller 1.png": {"age": 41, "sex": "female"}},
    ),
    "French": Layout(
        ("photos/p1.png", "photos/p2.png"),
        {
            "liste.csv": "fichier;diagnostic;âge;sexe\np1.png;mélanome;45,5;femme\n"
            "p2.png;kératose séborrhéique;61;homme\n"
        },
        {"p1.png": "mel", "p2.png": "SK"},
        {"p1.png": {"age": 45.5, "sex": "female"}},
    ),
    "Chinese": Layout(
        ("图片/甲.png", "图片/乙.png"),
        {"列表.csv": "图片名称,诊断结果,性别\n甲.png,寻常型银屑病,女\n乙,湿疹,男\n"},
        {"甲.png": "Pso", "乙.png": "EAD"},
    ),
    "paths of another machine": Layout(
        ("images/nv/1.png", "images/mel/1.png", "images/mel/2.png"),
        {
            "all.csv": "filepath,dx\n/home/anna/data/ham/nv/1.png,nv\n"
            "C:\\Users\\Anna\\ham\\mel\\1.png,mel\ns3://bucket/ham/mel/2.png?v=1,mel\n"
        },
        {},
    ),
    "a mark a class": Layout(
        ("a.png", "b.png"),
        {"marks.csv": "img,Acne,Rosacea,Other\na,1,0,0\nb,0,0,1\n"},
        {"a.png": "AV", "b.png": None},
    ),
    "ISIC 2020 with its form for predictions": Layout(
        ("jpeg/train/ISIC_0000001.jpg", "jpeg/train/ISIC_0000002.jpg", "jpeg/test/ISIC_1.jpg"),
        {
            "train.csv": "image_name,diagnosis,target\nISIC_0000001,nevus,0\n"
            "ISIC_0000002,melanoma,1\n",
            "test.csv": "image_name,sex\nISIC_1,male\n",
            "sample_submission.csv": "image_name,target\nISIC_1,0\n",
        },
        {"ISIC_0000001.jpg": "MN", "ISIC_0000002.jpg": "mel", "ISIC_1.jpg": None},
        {"ISIC_1.jpg": {"split": "test"}},
    ),
    "PH2's workbook below its title": Layout(
        tuple(f"images/IMD00{k}/IMD00{k}_Dermoscopic_Image/IMD00{k}.bmp" for k in (2, 3, 4)),
        labels={"IMD002.bmp": "MN", "IMD003.bmp": "MN", "IMD004.bmp": "mel"},
        books={
            "PH2_dataset.xlsx": [
                *[["PH² dataset"]] * 12,
                ["Image Name", "Common Nevus", "Atypical Nevus", "Melanoma"],
                ["IMD002", "X", None, None],
                ["IMD003", None, "X", None],
                ["IMD004", None, None, "X"],
            ]
        },
    ),
    "levels of a hierarchy, the last in no table": Layout(
        ("a.png", "b.png"),
        {
            "m.csv": "isic_id,diagnosis_1,diagnosis_2,diagnosis_3\n"
            "a,Malignant,Melanoma Invasive,a rare growth\nb,Benign,Nevus,\n"
        },
        {"a.png": "mel", "b.png": "MN"},
    ),
    "differentials in columns that are numbered": Layout(
        ("a.png", "b.png"),
        {"m.csv": "image,diagnosis_1,diagnosis_2\na,melanoma,nevus\nb,psoriasis,\n"},
        {"a.png": "mel", "b.png": "Pso"},
    ),
    "several readers and a consensus": Layout(
        ("a.png", "b.png"),
        {"m.csv": "image,reader,consensus\na,melanoma,nevus\nb,nevus,melanoma\n"},
        {"a.png": "MN", "b.png": "mel"},
    ),
    "a column of yes and no": Layout(
        ("a.png", "b.png", "c.png"),
        {"m.csv": "image,melanoma,hair\na,1,0\nb,0,1\nc,,1\n"},
        {"a.png": "mel", "b.png": "no melanoma", "c.png": None},
    ),
    "guesses of a model are no truth": Layout(
        ("a.png", "b.png"),
        {"m.csv": "image,predicted_class\na,melanoma\nb,nevus\n"},
        {"a.png": None, "b.png": None},
    ),
    "records of another program are no labels": Layout(
        ("a.png", "b.png"),
        {
            "tasks.json": json.dumps(
                [
                    {"image": f"{name}.png", "annotations": [{"choice": ["melanoma"]}] * 2}
                    for name in "ab"
                ]
            )
        },
        {"a.png": None, "b.png": None},
    ),
    "patients numbered in German": Layout(
        ("a.png", "b.png"),
        {"m.csv": "Bilddatei;Pat.-Nr.;Diagnose\na.png;7;NZN\nb.png;8;Basaliom\n"},
        {"a.png": "MN", "b.png": "BCC"},
        {"a.png": {"patient_id": "7"}},
    ),
    "metadata beside class folders": Layout(
        ("nevus/a.png", "melanoma/b.png"),
        {"metadata.csv": "image,age,sex\na.png,30,f\nb.png,40,m\n"},
        {"a.png": "MN", "b.png": "mel"},
        {"a.png": {"age": 30}},
    ),
    "two tables of the same images": Layout(
        ("x/a.png", "x/b.png"),
        {
            "ages.csv": "image_id,age\nb,40\na,30\n",
            "truth.csv": "image_id,diagnosis\na,nv\nb,bcc\n",
        },
        {"a.png": "MN", "b.png": "BCC"},
        {"a.png": {"age": 30}, "b.png": {"age": 40}},
    ),
    "rows are numbered": Layout(
        ("0.png", "1.png", "2.png"),
        {"t.csv": ",Picture,Class Name\n0,2.png,nv\n1,1.png,bcc\n2,0.png,mel\n"},
        {"2.png": "MN", "1.png": "BCC", "0.png": "mel"},
    ),
    "several marks a row": Layout(
        ("0.png", "1.png"),
        {"t.csv": "image,acne,eczema,psoriasis\n0.png,1,1,0\n1.png,0,1,1\n"},
        {"0.png": None, "1.png": None},
    ),
    "list of paths": Layout(
        ("x/0.png", "x/1.png"),
        {"list.txt": "x/0.png nevus\nx/1.png melanoma\n", "README.txt": "Read me.\n"},
        {"0.png": "MN", "1.png": "mel"},
    ),
    "a split and a table of all": Layout(
        ("0.png", "1.png"),
        {"all.csv": "file,age\n0.png,3\n1.png,4\n", "train.csv": "file,dx\n0.png,nv\n"},
        {"0.png": "MN", "1.png": None},
        {"0.png": {"split": "train", "age": 3}, "1.png": {"split": None, "age": 4}},
    ),
    "truth by patient": Layout(
        ("x/a.png", "x/b.png", "x/c.png"),
        {
            "images.csv": "image_id,patient_id\na,7\nb,7\nc,8\n",
            "patients.csv": "patient_id,diagnosis,sex\n8,bcc,m\n7,nv,f\n",
        },
        {"a.png": "MN", "b.png": "MN", "c.png": "BCC"},
        {"c.png": {"sex": "male"}},
    ),
    "a list whose labels have blanks": Layout(
        ("a 1.png", "b.png"),
        {"labels.txt": "a 1.png basal cell carcinoma\nb.png nevus\n"},
        {"a 1.png": "BCC", "b.png": "MN"},
    ),
    "a list with a header and blanks between": Layout(
        ("a.png", "b.png"),
        {"labels.txt": "image   label   age\na.png   nevus   30\nb.png   melanoma   40\n"},
        {"a.png": "MN", "b.png": "mel"},
        {"b.png": {"age": 40}},
    ),
    "a list with colons": Layout(
        ("a.png", "b.png"),
        {"labels.txt": "a.png: nevus\nb.png: melanoma\n"},
        {"a.png": "MN", "b.png": "mel"},
    ),
    "JSON beside each image": Layout(
        ("x/a.png", "x/b.png"),
        {
            f"x/{name}.json": json.dumps(
                {"id": 5, "meta": {"clinical": {"diagnosis": dx, "age": 7}}}
            )
            for name, dx in (("a", "nevus"), ("b", "bcc"))
        },
        {"a.png": "MN", "b.png": "BCC"},
        {"a.png": {"age": 7}},
    ),
    "labelme": Layout(
        ("a.png", "b.png", "c.png"),
        {
            f"{name}.json": json.dumps(
                {
                    "flags": {},
                    "imageData": "AAAA",
                    "imagePath": f"{name}.png",
                    "shapes": [{"label": dx, "points": [[1, 2]]} for dx in drawn],
                }
            )
            for name, drawn in (("a", ["nevus"] * 2), ("b", ["bcc"]), ("c", ["bcc", "nevus"]))
        },
        {"a.png": "MN", "b.png": "BCC", "c.png": None},
    ),
    "codes of the ICD-10": Layout(
        ("bilder/0001.png", "bilder/0002.png", "bilder/0003.png"),
        {"liste.csv": "Bilddatei;ICD10\n0001.png;C43.9\n0002.png;D22.5\n0003.png;L40.0\n"},
        {"0001.png": "mel", "0002.png": "MN", "0003.png": "Pso"},
    ),
    "a table of patients, a folder a visit": Layout(
        tuple(f"PAT{k}/2021-0{v}-01/{k}{v}.png" for k in range(3) for v in (1, 2)),
        {"patients.csv": "PatID,Diagnose,Geschlecht\nPAT0,melanoma,m\nPAT1,nevus,w\nPAT2,bcc,w\n"},
        {f"{k}{v}.png": dx for k, dx in enumerate(("mel", "MN", "BCC")) for v in (1, 2)},
        {"11.png": {"patient_id": "PAT1", "sex": "female"}},
    ),
    "Pascal VOC": Layout(
        tuple(f"JPEGImages/{name}.png" for name in "abcd"),
        {
            f"Annotations/{name}.xml": "<?xml version='1.0' encoding='utf-8'?>\n"
            f"<annotation><folder>x</folder><filename>{name}.png</filename><source>"
            "<database>skin</database></source>"
            + "".join(
                f"<object><name>{dx}</name><bndbox><xmin>1</xmin></bndbox>"
                "<part><name>border</name></part></object>"
                for dx in drawn
            )
            + "</annotation>"
            for name, drawn in (
                ("a", ["nevus"] * 2),
                ("b", ["bcc"]),
                ("c", ["bcc", "nevus"]),
                ("d", []),
            )
        },
        {"a.png": "MN", "b.png": "BCC", "c.png": None, "d.png": None},
    ),
    "CVAT": Layout(
        ("images/a.png", "images/b.png", "images/c.png"),
        {
            "annotations.xml": "<annotations><version>1.1</version><meta><task><labels><label>"
            "<name>nevus</name></label></labels></task></meta>"
            '<image id="0" name="task/a.png" width="8" height="6"><polygon label="nevus" '
            'points="1,1;2,2"><attribute name="hair">yes</attribute></polygon></image>'
            '<image id="1" name="b.png"><tag label="basal cell carcinoma"/>'
            '<box label="basal cell carcinoma"/></image>'
            '<image id="2" name="c.png"/></annotations>'
        },
        {"a.png": "MN", "b.png": "BCC", "c.png": None},
    ),
    "Label Studio": Layout(
        ("a.png", "b.png", "c.png", "d.png"),
        {
            "export.json": json.dumps(
                [
                    {
                        "id": 1,
                        "data": {"image": f"/data/upload/3/1a2b3c4d-{name}.png"},
                        "annotations": [
                            {"was_cancelled": dx == "no", "result": [{"value": {"choices": [dx]}}]}
                            for dx in chosen
                        ],
                        "predictions": [{"result": [{"value": {"choices": ["bcc"]}}]}],
                    }
                    for name, chosen in (
                        ("a", ["nevus", "no"]),
                        ("b", ["bcc", "bcc"]),
                        ("c", ["bcc", "nevus"]),
                        ("d", []),
                    )
                ]
            )
        },
        {"a.png": "MN", "b.png": "BCC", "c.png": None, "d.png": None},
    ),
    "Label Studio's table of local files": Layout(
        ("images/a.png", "images/b c.png"),
        {
            "export.csv": "image,annotator,choice\n/data/local-files/?d=images/a.png,1,nevus\n"
            "/data/local-files/?d=images%2Fb%20c.png,1,bcc\n"
        },
        {"a.png": "MN", "b c.png": "BCC"},
    ),
    "YOLO": Layout(
        ("train/images/a.png", "train/images/b.png", "valid/images/c.png", "valid/images/d.png"),
        {
            "data.yaml": "train: ../train/images\nnc: 2\nnames: ['nevus', 'melanoma']\n",
            "train/labels/a.txt": "1 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.2 0.2\n",
            "train/labels/b.txt": "0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.2 0.2\n",
            "valid/labels/c.txt": "0 0.5 0.5 0.2 0.2 0.3 0.3\n",
            "valid/labels/d.txt": "",
        },
        {"a.png": "mel", "b.png": None, "c.png": "MN", "d.png": None},
        {"a.png": {"split": "train"}, "c.png": {"split": "validation"}},
    ),
    "YOLO, beside the images, without names": Layout(
        ("0.png", "1.png"),
        {"0.txt": "0 0.5 0.5 0.2 0.2\n", "1.txt": "1 .5 .5 .2 .2\n"},
        {"0.png": "0", "1.png": "1"},
    ),
    "Roboflow's boxes": Layout(
        ("train/a.png", "train/b.png"),
        {
            "train/_annotations.csv": "filename,width,height,class,xmin,ymin,xmax,ymax\n"
            "a.png,8,6,nevus,1,1,2,2\na.png,8,6,nevus,3,3,4,4\n"
            "b.png,8,6,nevus,1,1,2,2\nb.png,8,6,melanoma,1,1,2,2\n"
        },
        {"a.png": "MN", "b.png": None},
    ),
    "a class that one split lacks": Layout(
        ("train/a.png", "train/b.png", "valid/c.png", "valid/d.png"),
        {
            "train/_classes.csv": "filename, Nevus, Melanoma\na.png,1,0\nb.png,0,1\n",
            "valid/_classes.csv": "filename, Nevus, Melanoma\nc.png,1,0\nd.png,1,0\n",
        },
        {"a.png": "MN", "b.png": "mel", "c.png": "MN", "d.png": "MN"},
    ),
    "votes": Layout(
        ("a.png", "b.png", "c.png"),
        {"t.csv": "image,nevus,melanoma,bcc\na,0.8,0.1,0.1\nb,0.2,0.6,0.2\nc,0.5,0.5,0.0\n"},
        {"a.png": "MN", "b.png": "mel", "c.png": None},
    ),
    "votes of seven": Layout(
        ("a.png", "b.png"),
        {"t.csv": "image,nevus,melanoma\na,0.714286,0.285714\nb,0.428571,0.571429\n"},
        {"a.png": "MN", "b.png": "mel"},
    ),
    "softened marks": Layout(
        ("a.png", "b.png"),
        {"t.csv": "image;nevus;bcc;df\na;0,96667;0,01667;0,01667\nb;0,01667;0,96667;0,01667\n"},
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "probabilities of a network": Layout(
        ("a.png", "b.png"),
        {"t.csv": "image,nevus,melanoma\na,0.834521,0.165479\nb,0.213432,0.786568\n"},
        {"a.png": None, "b.png": None},
    ),
    "probabilities of a network in ISIC's form": Layout(
        ("ISIC_1.png", "ISIC_2.png"),
        {
            "out.csv": "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\n"
            "ISIC_1,0.81234,0.1,0.05,0.01,0.01,0.01,0.00766\n"
            "ISIC_2,0.11234,0.7,0.15,0.01,0.01,0.01,0.00766\n"
        },
        {"ISIC_1.png": None, "ISIC_2.png": None},
    ),
    "timm's output": Layout(
        ("a.png", "b.png"),
        {"resnet50.csv": "filename,label,prob\na.png,nevus,0.99321\nb.png,melanoma,0.51234\n"},
        {"a.png": None, "b.png": None},
    ),
    "timm's output of several classes": Layout(
        ("a.png", "b.png"),
        {
            "r.csv": "filename,index_0,index_1,label_0,label_1,prob_0,prob_1\n"
            "a.png,3,1,nevus,melanoma,0.9,0.1\nb.png,3,1,melanoma,nevus,0.9,0.1\n"
        },
        {"a.png": None, "b.png": None},
    ),
    "a truth beside what a network says": Layout(
        ("a.png", "b.png"),
        {
            "r.csv": "filename,true_label,label,prob\na.png,nevus,bcc,0.9\nb.png,bcc,bcc,0.6\n",
            "predictions.csv": "image,label\na,df\nb,df\n",
        },
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "PASSION": Layout(
        ("images/AA00970_1.png", "images/AA00970_2.png", "images/AB12 (1).png"),
        {
            "label.csv": ",subject_id,country,age,sex,fitzpatrick,body_loc,impetig,"
            "conditions_PASSION\n0,AA00970,Madagascar,4,f,5,head,0,Eczema\n"
            "1,AB12,Malawi,6,m,6,leg,1,Fungal\n",
            "PASSION_split.csv": "subject_id,Split\nAA00970,TRAIN\nAB12,TEST\n",
        },
        {"AA00970_1.png": "EAD", "AA00970_2.png": "EAD", "AB12 (1).png": "Fungal"},
        {
            "AA00970_2.png": {"patient_id": "AA00970", "age": 4, "site": "head", "split": "train"},
            "AB12 (1).png": {"split": "test"},
        },
    ),
    "a folder a patient and a table of them": Layout(
        ("photos/P1/1.png", "photos/P1/2.png", "photos/P2/1.jpg"),
        {"patients.csv": "patient_id,diagnosis,age\nP1,nevus,30\nP2,melanoma,40\n"},
        {"1.png": "MN", "2.png": "MN", "1.jpg": "mel"},
        {"2.png": {"patient_id": "P1", "age": 30}},
    ),
    "numbered classes, named beside": Layout(
        ("a.png", "b.png"),
        {"t.csv": "image,label\na,1\nb,0\n", "label_map.json": '{"0": "nevus", "1": "bcc"}'},
        {"a.png": "BCC", "b.png": "MN"},
    ),
    "numbered from one, named in a list": Layout(
        ("a.png", "b.png"),
        {"t.csv": "image,label\na,1\nb,2\n", "classes.txt": "nevus\nbcc\n"},
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "folders that number classes": Layout(
        ("class_0/a.png", "class_1/b.png"),
        {"class_to_idx.json": '{"nevus": 1, "bcc": 0}'},
        {"a.png": "BCC", "b.png": "MN"},
    ),
    "numbers and names that disagree": Layout(
        ("a.png", "b.png"),
        {
            "t.csv": "image,label\na,1\nb,0\n",
            "classes.txt": "nevus\nbcc\n",
            "classes.json": '["bcc", "nevus"]',
        },
        {"a.png": "1", "b.png": "0"},
    ),
    "a list that numbers the folders": Layout(
        ("images/nevus/a.png", "images/melanoma/b.png"),
        {"train.txt": "images/nevus/a.png 0\n", "test.txt": "images/melanoma/b.png 1\n"},
        {"a.png": "MN", "b.png": "mel"},
    ),
    "folders numbered and counted": Layout(
        (
            *("IMG_CLASSES/1. Eczema 1677/a.png", "IMG_CLASSES/2. Melanoma 15.75k/b.png"),
            "IMG_CLASSES/5. Melanocytic Nevi (NV) - 7970/c.png",
            "IMG_CLASSES/10. Warts Molluscum and other Viral Infections - 2103/d.png",
        ),
        labels={
            "a.png": "EAD",
            "b.png": "mel",
            "c.png": "MN",
            "d.png": "10. Warts Molluscum and other Viral Infections - 2103",
        },
    ),
    "folders of codes and numbers": Layout(
        ("0_mel/a.png", "1_nv/b.png", "2-bcc/c.png"),
        labels={"a.png": "mel", "b.png": "MN", "c.png": "BCC"},
    ),
    "a container that bears a diagnosis": Layout(
        (
            "melanoma_cancer_dataset/train/benign/1.png",
            "melanoma_cancer_dataset/train/malignant/2.png",
        ),
        labels={"1.png": "benign", "2.png": "malignant"},
        holds={"1.png": {"split": "train"}},
    ),
    "disease beside normal": Layout(
        ("disease/a.png", "normal/b.png"), labels={"a.png": "disease", "b.png": "normal"}
    ),
    "the same names in train and test": Layout(
        ("train/1.png", "train/2.png", "test/1.jpg", "test/2.jpg"),
        {"train.csv": "id,label\n1,nevus\n2,bcc\n", "test.csv": "id\n1\n2\n"},
        {"1.png": "MN", "2.png": "BCC", "1.jpg": None, "2.jpg": None},
        {"1.png": {"split": "train"}, "1.jpg": {"split": "test"}},
    ),
    "labels of a training and ids of a test": Layout(
        ("images/a.png", "images/b.png"),
        {"train_labels.csv": "id,label\na,nevus\n", "test_ids.csv": "id\nb\n"},
        {"a.png": "MN", "b.png": None},
        {"a.png": {"split": "train"}, "b.png": {"split": "test"}},
    ),
    "several diagnoses in a cell": Layout(
        ("a.png", "b.png", "c.png"),
        {"t.csv": 'image,labels\na,nevus|melanoma\nb,nevus\nc,"bcc, scc"\n'},
        {"a.png": None, "b.png": "MN", "c.png": None},
    ),
    "malignant or not": Layout(
        ("a.png", "b.png"),
        {"t.csv": "image,malignant\na,TRUE\nb,FALSE\n"},
        {"a.png": "malignant", "b.png": "benign"},
    ),
    "zeros before numbers": Layout(
        ("0001.png", "0002.png"),
        {"t.csv": "id,dx\n1,nv\n2,mel\n"},
        {"0001.png": "MN", "0002.png": "mel"},
    ),
    "JSON, columns": Layout(
        ("a.png", "b.png"),
        {"d.json": json.dumps({"image": ["a.png", "b.png"], "label": ["nevus", "bcc"]})},
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "JSON of pandas": Layout(
        ("a.png", "b.png"),
        {"d.json": '{"image": {"0": "a.png", "1": "b.png"}, "label": {"0": "nv", "1": "bcc"}}'},
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "JSON, files by class": Layout(
        ("a.png", "b.png"),
        {"d.json": '{"nevus": ["a.png"], "bcc": ["b.png"]}'},
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "JSON, records by split": Layout(
        ("a.png", "b.png"),
        {
            "d.json": '{"train": [{"image": "a.png", "label": "nv"}], '
            '"test": [{"image": "b.png", "label": "bcc"}]}'
        },
        {"a.png": "MN", "b.png": "BCC"},
        {"b.png": {"split": "test"}},
    ),
    "JSON, pairs": Layout(
        ("a.png", "b.png"),
        {"d.json": '[["a.png", "nevus"], ["b.png", "bcc"]]'},
        {"a.png": "MN", "b.png": "BCC"},
    ),
    "Spanish": Layout(
        ("a.png", "b.png"),
        {
            "t.csv": "imagen;diagnóstico;edad;sexo\na;nevo melanocítico;45 años;H\n"
            "b;queratosis actínica;6 meses;M\n"
        },
        {"a.png": "MN", "b.png": "akiec"},
        {"a.png": {"age": 45, "sex": "male"}, "b.png": {"age": 0.5, "sex": "female"}},
    ),
    "Portuguese": Layout(
        ("a.png", "b.png"),
        {
            "t.csv": "imagem;diagnóstico;idade;sexo\na;carcinoma espinocelular;50 anos;masculino\n"
            "b;psoríase;6;feminino\n"
        },
        {"a.png": "SCC", "b.png": "Pso"},
        {"a.png": {"age": 50, "sex": "male"}, "b.png": {"sex": "female"}},
    ),
    "Italian": Layout(
        ("a.png", "b.png"),
        {
            "t.csv": "immagine;diagnosi;età;sesso\na;carcinoma basocellulare;50 anni;femmina\n"
            "b;cheratosi seborroica;61;uomo\n"
        },
        {"a.png": "BCC", "b.png": "SK"},
        {"a.png": {"age": 50, "sex": "female"}, "b.png": {"sex": "male"}},
    ),
}


def made(layout: Layout, draw: Draw, folder: Path) -> Path:
    draw(*layout.images)
    for name, text in layout.texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name, rows in layout.books.items():
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        for row in rows:
            sheet.append(row)
        book.save(folder / name)
    return folder


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_public_layout_is_read_without_being_told(name: str, draw: Draw, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    dataset = load_dataset(made(layout, draw, tmp_path))
    by_file = dataset.samples.assign(name=dataset.samples["path"].map(lambda path: Path(path).name))
    masks = [
        image for image in layout.images if any(w in image for w in ("_lesion", "_roi", "super"))
    ]
    assert len(dataset) == len(layout.images) - len(masks), dataset.problems
    rows = by_file.set_index("name").astype(object)
    rows = rows.where(rows.notna(), None)
    if layout.labels:
        assert rows["label"].to_dict() == layout.labels
    for file, values in layout.holds.items():
        found = {column: rows.loc[file].get(column) for column in values}
        assert found == values, file
    again = load_dataset(dataset.source, **dataset.options)
    assert again.fingerprint == dataset.fingerprint


def test_one_word_that_names_begin_with_is_no_key(draw: Draw, tmp_path: Path) -> None:
    draw("LP/image_1.png", "Pso/image_2.png")
    (tmp_path / "about.csv").write_text("what,number\nimage,2\n")
    samples = load_dataset(tmp_path).samples
    assert samples["label"].tolist() == ["LP", "Pso"] and "patient_id" not in samples


DATES = ("2019-03-12", "20190313", "12.03.2020", "2021", "March 2019", "2020_07", "2018年3月")


@pytest.mark.parametrize("dates", [*((date, "2020-01-02") for date in DATES), ("2018", "2019")])
@pytest.mark.parametrize("around", ["{}/nevus", "nevus/{}"])
def test_dates_are_no_classes_and_no_patients(
    draw: Draw, tmp_path: Path, dates: tuple[str, ...], around: str
) -> None:
    draw(*(f"{around.format(date)}/{number}.png" for number, date in enumerate(dates)))
    samples = load_dataset(tmp_path).samples
    assert samples["label"].tolist() == ["MN"] * len(dates) and "patient_id" not in samples


@pytest.mark.parametrize("inner", ["dermquest", "face", "dermoscopic"])
def test_where_images_come_from_is_no_patient(draw: Draw, tmp_path: Path, inner: str) -> None:
    draw(f"nevus/{inner}/1.png", "nevus/dermis/2.png", f"bcc/{inner}/3.png")
    assert "patient_id" not in load_dataset(tmp_path).samples


def test_numbers_of_patients_are_patients_still(draw: Draw, tmp_path: Path) -> None:
    draw("nevus/1234/1.png", "nevus/2019/2.png", "bcc/301299/3.png")
    assert load_dataset(tmp_path).samples["patient_id"].tolist() == ["301299", "1234", "2019"]


@pytest.mark.parametrize("name", ["HAM10000_metadata.csv", "t.csv"])
def test_images_of_one_name_that_differ_are_told(draw: Draw, tmp_path: Path, name: str) -> None:
    draw("one/a.png", "two/a.png", "two/b.png")
    with (tmp_path / "two/a.png").open("ab") as file:
        file.write(b"longer")
    (tmp_path / name).write_text("image_id,dx\na,nv\nb,mel\nc,bcc\n")
    dataset = load_dataset(tmp_path)
    said = {problem.item: problem.reason for problem in dataset.problems}
    assert dataset.samples["sample_id"].tolist() == ["b"] and set(said) == {"a", "c"}
    assert "2 images of this name differ (one/a.png, two/a.png)" in said["a"]
    assert said["c"] == f"no image file of this name beneath {tmp_path}"


def test_places_on_the_body_are_no_classes(draw: Draw, tmp_path: Path) -> None:
    places = ("left arm", "Gesicht", "Rücken", "lower_leg")
    draw(*(f"{place}/{number}{place[:1]}.png" for place in places for number in range(2)))
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].isna().all() and "patient_id" not in dataset.samples
    (note,) = dataset.reading.notes
    assert "places on the body" in note and "Gesicht" in note


def test_several_marks_a_row_are_said_to_give_no_label(draw: Draw, tmp_path: Path) -> None:
    draw("a.png", "b.png", "c.png", "d.png")
    rows = "file,psoriasis,eczema,acne\na.png,1,1,0\nb.png,0,1,1\nc.png,1,0,0\nd.png,0,0,0\n"
    (tmp_path / "t.csv").write_text(rows)
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].isna().all()
    assert any("several diagnoses in 2 rows: no label" in note for note in dataset.reading.notes)


def test_images_of_a_table_of_patients_keep_short_names(draw: Draw, tmp_path: Path) -> None:
    draw(*(f"subject_{k}/{when}.png" for k in range(3) for when in ("before", "after")))
    rows = "subject,diagnosis\nsubject_0,acne\nsubject_1,psoriasis\nsubject_2,rosacea\n"
    (tmp_path / "info.csv").write_text(rows)
    found = load_dataset(tmp_path).samples.set_index("sample_id")["label"]
    assert found["subject_1/before.png"] == "Pso" and len(found) == 6


def test_what_is_said_of_files_beside_a_table_is_true(draw: Draw, tmp_path: Path) -> None:
    draw("a.png", "b.png")
    (tmp_path / "labels.txt").write_text("a.png nevus\nb.png bcc\n")
    (tmp_path / "label_map.json").write_text('{"nevus": 0, "bcc": 1}')
    (tmp_path / "a.xml").write_text("<ImageProperties/>")
    (tmp_path / "probs.npy").write_bytes(b"\x93NUMPY")
    dataset = load_dataset(tmp_path)
    said = {problem.item: problem.reason for problem in dataset.problems}
    assert set(said) == {"1 file .npy", "a.xml …"}
    assert "dermxai import" in said["1 file .npy"]
    assert "a.xml is XML of ImageProperties; expected annotations of Pas" in said["a.xml …"]
    (note,) = [note for note in dataset.reading.notes if "label_map" in note]
    assert "columns" not in note and "names of images" in note


def test_predictions_are_no_truth_unless_a_person_says_so(draw: Draw, tmp_path: Path) -> None:
    draw("a.png", "b.png")
    table = tmp_path / "preds.csv"
    table.write_text("filename,label,prob\na.png,nv,0.91\nb.png,bcc,0.62\n")
    with pytest.raises(InputError, match=r"no truth.*dermxai import"):
        load_dataset(table)
    table = table.rename(tmp_path / "t.csv")
    dataset = load_dataset(table)
    assert dataset.samples["label"].isna().all()
    assert "dermxai import" in dataset.reading.notes[0]
    told = load_dataset(table, columns={"label": "label"}).samples
    assert told["label"].tolist() == ["MN", "BCC"]


@pytest.mark.parametrize("content", ["0 0.5 0.5\n", "nevus 1 1 1 1\n", "\x00", "0 1 1 1 1\nx\n"])
def test_text_of_an_image_that_holds_no_boxes_is_no_yolo(
    draw: Draw, tmp_path: Path, content: str
) -> None:
    draw("LP/a.png", "Pso/b.png")
    (tmp_path / "LP/a.txt").write_text(content)
    assert load_dataset(tmp_path).samples["label"].tolist() == ["LP", "Pso"]


@pytest.mark.parametrize(
    "content", ["names: &a [*a]", "names: [x", "!!python/object/apply:os.getcwd []", "names: 5"]
)
def test_odd_names_of_classes_are_passed_over(draw: Draw, tmp_path: Path, content: str) -> None:
    draw("images/a.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("3 0.5 0.5 0.1 0.1\n")
    (tmp_path / "data.yaml").write_text(content)
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].tolist() == ["3"]
    assert any("names the classes" in note for note in dataset.reading.notes)


def test_an_archive_in_an_archive_is_called_that(draw: Draw, tmp_path: Path) -> None:
    draw("a.png")
    with ZipFile(tmp_path / "inner.zip", "w") as inner:
        inner.write(tmp_path / "a.png", "a.png")
    with ZipFile(tmp_path / "all.zip", "w") as outer:
        outer.write(tmp_path / "inner.zip", "inner.zip")
        outer.write(tmp_path / "a.png", "b.png")
    (problem,) = load_dataset(tmp_path / "all.zip").problems
    assert problem.item == "inner.zip" and "an archive in an archive" in problem.reason


def test_a_yolo_archive_is_opened_without_unpacking(draw: Draw, tmp_path: Path) -> None:
    draw("a.png", "b.png")
    with ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("data.yaml", "names: {0: nevus, 1: melanoma}")
        for number, name in enumerate("ab"):
            archive.write(tmp_path / f"{name}.png", f"train/images/{name}.png")
            archive.writestr(f"train/labels/{name}.txt", f"{number} .5 .5 .1 .1")
    assert load_dataset(tmp_path / "y.zip").samples["label"].tolist() == ["MN", "mel"]


def test_paths_of_another_machine_are_told_by_their_ends(draw: Draw, tmp_path: Path) -> None:
    samples = load_dataset(made(LAYOUTS["paths of another machine"], draw, tmp_path)).samples
    ends = [Path(path).relative_to(tmp_path).as_posix() for path in samples["path"]]
    assert ends == ["images/nv/1.png", "images/mel/1.png", "images/mel/2.png"]


@pytest.mark.parametrize(
    ("named", "there"),
    [
        ("/else/mel/1.png", ("x/nv/1.png",)),  # another diagnosis
        ("mel/1.png", ("mel/2.png", "nv/1.png")),  # its folder is here, the file is not
        ("/else/1.png", ("a/1.png", "b/1.png")),  # either may be meant
    ],
)
def test_no_other_image_stands_in_for_one_that_is_missing(
    draw: Draw, tmp_path: Path, named: str, there: tuple[str, ...]
) -> None:
    draw("ok.png", *there)
    (tmp_path / "t.csv").write_text(f"path,label\n{named},mel\nok.png,nv\n")
    assert load_dataset(tmp_path).samples["sample_id"].tolist() == ["ok"]


def test_what_was_guessed_is_said(draw: Draw, tmp_path: Path) -> None:
    draw("bilder/a 1.png", "bilder/a 2.png")
    (tmp_path / "t.csv").write_text("Foto der Läsion,Urteil\na 1.png,nv\na 2.png,bcc\n")
    reading = load_dataset(tmp_path).reading
    assert reading.columns == {"path": "Foto der Läsion", "label": "Urteil"}
    image, label = reading.notes
    assert "Foto der Läsion" in image and "Urteil" in label


def test_what_is_said_of_a_table_that_names_no_image_is_true(draw: Draw, tmp_path: Path) -> None:
    draw("LP/a.png", "Pso/b.png")
    (tmp_path / "epochs.csv").write_text("epoch,loss\n1,0.5\n2,0.25\n")
    (tmp_path / "config.json").write_text('{"classes": ["a", "b"]}')
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].tolist() == ["LP", "Pso"]
    said = {problem.item: problem.reason for problem in dataset.problems}
    assert "epoch, loss" in said["epochs.csv"] and "no cell" in said["epochs.csv"]


@pytest.mark.parametrize("more", ["", ",age"])
def test_tables_of_inner_folders_name_their_own_images(
    draw: Draw, tmp_path: Path, more: str
) -> None:
    draw(*(f"{split}/{k}.png" for split in ("test", "train") for k in range(2)))
    (tmp_path / "train/metadata.csv").write_text("file_name,dx\n0.png,nv\n1.png,mel\n")
    ages = [f",{age}" if more else "" for age in (40, 50)]
    test = f"file_name,dx{more}\n0.png,bcc{ages[0]}\n1.png,df{ages[1]}\n"
    (tmp_path / "test/metadata.csv").write_text(test)
    samples = load_dataset(tmp_path).samples
    told = {
        Path(row.path).relative_to(tmp_path).as_posix(): (row.label, row.split)
        for row in samples.itertuples()
    }
    assert told == {
        "test/0.png": ("BCC", "test"),
        "test/1.png": ("DF", "test"),
        "train/0.png": ("MN", "train"),
        "train/1.png": ("mel", "train"),
    }


def test_several_tables_that_say_other_things_of_an_image_are_refused(
    draw: Draw, tmp_path: Path
) -> None:
    draw("a.png", "b.png")
    (tmp_path / "one.csv").write_text("image,dx,age\na.png,nv,3\nb.png,nv,4\n")
    (tmp_path / "two.csv").write_text("image,dx,site\na.png,mel,arm\nb.png,nv,leg\n")
    with pytest.raises(InputError, match=r"several tables of images \(one\.csv, two\.csv\)"):
        load_dataset(tmp_path)


def test_a_mapping_reaches_every_table(draw: Draw, tmp_path: Path) -> None:
    folder = made(LAYOUTS["truth by patient"], draw, tmp_path)
    with pytest.raises(InputError, match="no column 'dx' for label"):
        load_dataset(folder, columns={"label": "dx"})
    samples = load_dataset(folder, columns={"label": "sex"}).samples
    assert samples["label"].tolist() == ["f", "f", "m"]


def test_a_table_of_a_workbook_is_opened_by_its_path(draw: Draw, tmp_path: Path) -> None:
    made(LAYOUTS["workbook of a clinic"], draw, tmp_path)
    assert len(load_dataset(tmp_path / "Liste.xlsx")) == 2


@pytest.mark.parametrize("name", ["l.xls", "l.ods"])
def test_other_spreadsheets_are_named(draw: Draw, tmp_path: Path, name: str) -> None:
    draw("a.png")
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0")
    (problem,) = load_dataset(tmp_path).problems
    assert problem.item == name and "save it as .xlsx or CSV" in problem.reason
    with pytest.raises(InputError, match=r"save it as \.xlsx or CSV"):
        load_dataset(tmp_path / name)


def test_what_unpacks_to_much_or_is_deep_is_left_out(draw: Draw, tmp_path: Path) -> None:
    draw("a.png")
    with ZipFile(tmp_path / "l.xlsx", "w", ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", bytes(workbooks.MOST_UNPACKED + 1))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "half.jsonl").write_text('{"file_name": "a.png", "label": "nv"}\n{"file\n')
    said = {problem.item: problem.reason for problem in load_dataset(tmp_path).problems}
    assert "unpacks to 500 MB" in said["l.xlsx"]
    assert "more than 64 levels" in said["deep.json"]
    assert "line 2 is not JSON" in said["half.jsonl"]


def test_pandas_reads_what_the_layouts_hold() -> None:
    """The drawn tables are tables: none is empty or ragged by mistake."""
    for name, layout in LAYOUTS.items():
        for file, text in layout.texts.items():
            if file.endswith(".csv") and "||" not in text:
                rows = [line.count(",") for line in text.splitlines()]
                assert rows and (len(set(rows)) == 1 or '"' in text or ";" in text), (name, file)
    assert len(LAYOUTS) > 25 and pd.__version__
